"""What users think of cuts, one JSON line each in a file that only grows: what `segue learn` reads.

A line said twice means the same as once (hosts repeat what was not answered); of two about one transition the later
counts.
"""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from segue_bridge import private
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Cut, Kind, Region

Verdict = Literal["kept", "rejected", "moved", "added"]


def path() -> Path:
    """The file of all verdicts of this user."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "verdicts.jsonl"


def note(region: Region, analysis: Analysis, cut: int, verdict: str, kind: str, time: float) -> None:
    """Keep one verdict; returns when it is on disk.

    cut: id of a cut of the analysis, -1 for one that the user added; time: where the user has it, in seconds of the
    source file. Raises SegueError "bad_arguments", "unknown_cut", or "failed" where the disk refuses.
    """
    if verdict not in get_args(Verdict) or kind not in get_args(Kind):
        sentence = f"{verdict!r:.50} {kind!r:.50} is no verdict: say kept, rejected, moved or added, and exit or entry"
        raise SegueError("bad_arguments", sentence)
    if (cut == -1) != (verdict == "added"):
        raise SegueError("bad_arguments", "a cut that the user added has the id -1, and every other its own")
    if not 0 <= time <= analysis.audio.duration:
        sentence = f"{time:g} s is not inside the recording of {analysis.audio.duration:g} s"
        raise SegueError("bad_arguments", sentence)
    found = None if cut == -1 else find(analysis, cut, kind)
    _append(
        {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": verdict,
            "kind": kind,
            "time": time,
            "audio": {**asdict(analysis.audio), "paths": [str(path) for path in region.paths]},
            "region": [region.start, region.length],
            "cut": asdict(found) if found else None,
            "models": analysis.models,
        }
    )


def find(analysis: Analysis, cut: int, kind: str) -> Cut:
    """The cut of that id and kind. Raises SegueError "unknown_cut"."""
    for found in analysis.cuts:
        if (found.id, found.kind) == (cut, kind):
            return found
    raise SegueError("unknown_cut", f"the job has no {kind} {cut}: ask /segue/resend for its cuts")


def _append(line: dict[str, object]) -> None:
    """One write to the end of the file, so that two daemons never mix their lines."""
    content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
    try:
        private.make(path().parent)
        with path().open("ab", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
    except OSError as fault:
        raise SegueError("failed", f"{path()} cannot be written ({fault.strerror}): make room or allow it") from fault
