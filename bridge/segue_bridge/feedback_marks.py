"""What the user thinks of cuts, gathered per recording: verdicts from the DAW, and markers from sessions and labels.

How verdicts are read:

- A transition's two verdicts stand next to each other in the file. Of two about one transition the later counts.
- A cut that any transition was kept with is liked, also where others with it were rejected: those fell for the
  other cut, or for the join.
- A cut that was only ever rejected is disliked, and the surer the more transitions with it were, since the other cut
  may have been the bad one: it weighs a third after one, 0.6 after two. These weights make likes and dislikes of a user
  without a taste equal, however many transitions a cut stands in; else it would be liked for standing in many.
- A moved cut is liked where it is now, and half disliked where it was. An added one is liked.
"""

import errno
import json
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from segue_bridge import feedback, marker_name, markers
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis
from segue_models.corpora.user import Mark

Log = Callable[[str], None]
Key = tuple[str, float]  # role and seconds of a cut

PAIR_SECONDS = 1e-4  # two times of one cut differ by no more
MOVED_SECONDS = 0.02  # a marker that is this far from where Segue put it was moved
LATEST_SECONDS = 1e6  # no recording is eleven days long
LONGEST_LINE = 1 << 20  # bytes

_ODD = (ValueError, KeyError, TypeError, AttributeError, RecursionError)  # what reading a broken line raises


@dataclass
class FeedbackMarks:
    """Marks of one recording: `sha256` where a verdict knows it, `named` markers that Segue gave their names."""

    paths: tuple[Path, ...]
    sha256: str | None = None
    marks: list[Mark] = field(default_factory=list)
    named: list[tuple[str, float]] = field(default_factory=list)


def from_verdicts(log: Log) -> list[FeedbackMarks]:
    """The opinions in the user's file of verdicts, one for each recording; says which lines cannot be read."""
    lines = list(_lines(log))
    by_recording: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_recording[line["audio"]["sha256"]].append(line)
    return [
        FeedbackMarks(tuple(Path(p) for p in own[-1]["audio"]["paths"]), sha256, _marks(own))
        for sha256, own in by_recording.items()
    ]


def _lines(log: Log) -> Iterator[dict[str, Any]]:
    """Lines are ended by newlines alone: a song's name may hold what Unicode counts as one too."""
    path = feedback.path()
    broken = 0
    try:
        with open(path, "rb", opener=_at_once) as file:
            for line in _bounded(file):
                try:
                    if line.strip():
                        yield _checked(json.loads(line))
                except _ODD:
                    broken += 1
    except FileNotFoundError:
        return
    except OSError as fault:
        raise SegueError("unreadable", f"{path} cannot be read ({fault.strerror}): allow it") from fault
    if broken:
        log(f"{broken} lines of {path} are broken and left out")


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one above LONGEST_LINE its beginning, which is no JSON."""
    while line := file.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for another end; raises OSError for what is none."""
    file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "it is no regular file", path)
    return file


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    """The line, where it has all that is read of it; raises one of _ODD."""
    times = [line["time"]] if line["verdict"] == "added" else [line["time"], line["cut"]["time"]]
    known = line["kind"] in ("exit", "entry") and line["verdict"] in ("kept", "rejected", "moved", "added")
    paths, sha256 = line["audio"]["paths"], line["audio"]["sha256"]
    if not known or not all(_is_time(time) for time in times) or not isinstance(sha256, str):
        raise ValueError
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise ValueError
    return line


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST_SECONDS


def _marks(lines: Sequence[dict[str, Any]]) -> list[Mark]:
    marks: dict[Key, Mark] = {}
    transitions: dict[tuple[Key, ...], str] = {}
    for line in lines:
        if line["verdict"] in ("moved", "added"):
            time = float(line["time"])
            marks[line["kind"], time] = Mark(line["kind"], time, liked=True, own=True)
        if line["verdict"] == "moved" and abs(line["time"] - line["cut"]["time"]) > MOVED_SECONDS:
            was = float(line["cut"]["time"])
            marks[line["kind"], was] = Mark(line["kind"], was, liked=False, weight=0.5)
    for cuts, verdict in _transitions([line for line in lines if line["verdict"] in ("kept", "rejected")]):
        transitions[cuts] = verdict
    rejected: dict[Key, int] = defaultdict(int)
    kept = {cut for cuts, verdict in transitions.items() if verdict == "kept" for cut in cuts}
    for cuts, verdict in transitions.items():
        for cut in cuts:
            rejected[cut] += verdict == "rejected"
    for role, time in kept:
        marks[role, time] = Mark(role, time, liked=True)
    for (role, time), times in rejected.items():
        if times and (role, time) not in kept:
            marks[role, time] = Mark(role, time, liked=False, weight=(1 - 0.5**times) / (1 + 0.5**times))
    return list(marks.values())


def _transitions(lines: Sequence[dict[str, Any]]) -> Iterator[tuple[tuple[Key, ...], str]]:
    """(its cuts, verdict) of every judged transition in order; a verdict without a partner stands alone."""
    waiting: dict[str, Any] | None = None
    for line in lines:
        if waiting and (waiting["verdict"], waiting["kind"]) == (line["verdict"], _other(line["kind"])):
            yield tuple(sorted((_cut(waiting), _cut(line)))), line["verdict"]
            waiting = None
            continue
        if waiting and _cut(waiting) != _cut(line):  # the same line twice is the same as once
            yield (_cut(waiting),), waiting["verdict"]
        waiting = line
    if waiting:
        yield (_cut(waiting),), waiting["verdict"]


def _other(kind: str) -> str:
    return "entry" if kind == "exit" else "exit"


def _cut(line: dict[str, Any]) -> Key:
    return line["kind"], round(float(line["cut"]["time"]) / PAIR_SECONDS) * PAIR_SECONDS


def from_markers(file: Path, recordings: Iterable[Path], known: Iterable[tuple[Path, ...]]) -> list[FeedbackMarks]:
    """The opinions in a session or label file.

    recordings: those that a file without one of its own may mean; known: files of recordings that have opinions
    already, which come before others that sound at the same time. Raises SegueError.
    """
    found: dict[tuple[Path, ...], FeedbackMarks] = {}
    heard = {tuple(p.absolute() for p in paths) for paths in known}
    for marker in markers.read(file):
        if not marker.places or not (marker_name.kind(marker.name) or marker_name.is_ours(marker.name)):
            continue
        place = next((p for p in marker.places if tuple(x.absolute() for x in p.paths) in heard), marker.places[0])
        paths = place.paths or (_beside(file, recordings),)
        opinions = found.setdefault(paths, FeedbackMarks(paths))
        role = marker_name.kind(marker.name)
        if marker_name.is_ours(marker.name):
            opinions.named.append((marker.name.strip(), place.seconds))
        elif role:
            opinions.marks.append(Mark(role, place.seconds, liked=True, own=not marker.name.endswith(markers.KEPT)))
    return list(found.values())


def _beside(file: Path, recordings: Iterable[Path]) -> Path:
    """The recording a label file belongs to: of the same name, else the only one. Raises SegueError."""
    from segue_bridge.batch import AUDIO_SUFFIXES

    named = [r for r in recordings if file.name.startswith((f"{r.name}.", f"{r.stem}."))]
    if len(named) != 1 and len(given := list(recordings)) == 1:
        return given[0]
    near = named or [
        path
        for path in sorted(file.absolute().parent.iterdir())
        if path.suffix.lower() in AUDIO_SUFFIXES and file.name.startswith((f"{path.name}.", f"{path.stem}."))
    ]
    if not near:
        raise SegueError(
            "not_found", f"{file} does not say which recording it is about: name the recording too, or put it beside"
        )
    return near[0]


def moved(opinions: FeedbackMarks, analysis: Analysis) -> list[Mark]:
    """Marks of Segue's own markers that are not where the analysis has the cut of that name."""
    marks = []
    for given, time in opinions.named:
        same = [cut for cut in analysis.cuts if given in (marker_name.name(cut), marker_name.ascii_name(cut))]
        if same and min(abs(cut.time - time) for cut in same) > MOVED_SECONDS:
            was = min(same, key=lambda cut: abs(cut.time - time))
            marks += [Mark(was.kind, time, True, own=True), Mark(was.kind, was.time, False, weight=0.5)]
    return marks
