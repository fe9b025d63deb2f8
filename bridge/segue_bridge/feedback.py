"""What users think of cuts, one JSON line each in a file that only grows: what `segue learn` reads.

A line said twice means the same as once (hosts repeat what was not answered); of two about one transition the later
counts.
"""

import errno
import json
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from segue_bridge import private
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Cut, Kind, Region

Verdict = Literal["kept", "rejected", "moved", "added"]

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # opening never waits for another end
_lock = threading.Lock()
LOCK_SECONDS = 0.5


def path() -> Path:
    """The file of all verdicts of this user."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "verdicts.jsonl"


def note(region: Region, analysis: Analysis, cut: int, verdict: str, kind: str, seconds: float) -> None:
    """Keep one verdict; returns when it is on disk.

    cut: id of a cut of the analysis, -1 for one that the user added; seconds: where the user has it in the
    source file. Raises SegueError "bad_arguments", "unknown_cut", or "failed" where the disk refuses.
    """
    if verdict not in get_args(Verdict) or kind not in get_args(Kind):
        sentence = f"{verdict!r:.50} {kind!r:.50} is no verdict: say kept, rejected, moved or added, and exit or entry"
        raise SegueError("bad_arguments", sentence)
    if (cut == -1) != (verdict == "added"):
        raise SegueError("bad_arguments", "a cut that the user added has the id -1, and every other its own")
    if not 0 <= seconds <= analysis.audio.duration:
        sentence = f"{seconds:g} s is not inside the recording of {analysis.audio.duration:g} s"
        raise SegueError("bad_arguments", sentence)
    found = None if cut == -1 else find(analysis, cut, kind)
    _append(
        {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": verdict,
            "kind": kind,
            "time": seconds,
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
    """Add a line and return when it is on disk; one that does not fit leaves nothing behind."""
    content = (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    try:
        private.make(path().parent)
        with _opened(path()) as file:
            _add(file, content)
    except OSError as fault:
        raise SegueError("failed", f"{path()} cannot be written ({fault.strerror}): make room or allow it") from fault


@contextmanager
def _opened(name: Path) -> Iterator[int]:
    """Descriptor of the file, to be read and added to; never waits for what is no file. Raises OSError."""
    new = not name.exists()
    file = os.open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT | _AT_ONCE, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(name))
        yield file
    finally:
        os.close(file)
    if new:
        _keep_name(name.parent)


def _add(file: int, content: bytes) -> None:
    """One write, flushed to disk. What a crash or a full disk left of an earlier line is closed before it."""
    with _lock:
        alone = _keep_others_out(file)
        size = os.fstat(file).st_size
        if size:
            os.lseek(file, size - 1, os.SEEK_SET)
            content = content if os.read(file, 1) == b"\n" else b"\n" + content
        try:
            if os.write(file, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        except OSError:
            if alone:  # else the stump stays, and is closed by the next line
                with suppress(OSError):
                    os.ftruncate(file, size)
            raise


def _keep_others_out(file: int) -> bool:
    """Whether no other daemon adds lines until the file is closed; waits a moment for one that does.

    Not longer: whoever may read the file can hold its lock.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    until = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < until:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.01)
    return False


def _keep_name(folder: Path) -> None:
    """Flush the folder, so that a new file's name survives a power cut as its content does."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
