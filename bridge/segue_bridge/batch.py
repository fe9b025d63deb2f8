"""Which recordings a command means, and which result file each one gets."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segue_bridge.errors import SegueError
from segue_models import files
from segue_models.signal import audio_suffixes

AUDIO_SUFFIXES = audio_suffixes.ALL
LONGEST_NAME = 255  # bytes, of most file systems


@dataclass(frozen=True)
class Plan:
    """jobs: (recording, its result file); passed_over: what lies among the recordings and is none, with the reason."""

    jobs: list[tuple[Path, Path]]
    passed_over: list[tuple[Path, str]]


def plan(inputs: Sequence[Path], folder: Path, suffix: str) -> Plan:
    """The recordings in `inputs`, folders searched to the bottom, and their results in `folder`.

    Results mirror the subfolders. Raises SegueError where nothing is found or two recordings would share one result.
    """
    jobs: dict[Path, Path] = {}
    passed_over = []
    for source, inside, reason in _found(inputs):
        if reason:
            passed_over.append((source, reason))
            continue
        target = folder / inside.with_name(_named(inside.name, suffix))
        if jobs.setdefault(target, source) != source:
            raise SegueError(
                "bad_output", f"{jobs[target]} and {source} would both write {target}: mark them one by one"
            )
    if not jobs:
        there = f"; {summary(passed_over)}" if passed_over else ""
        raise SegueError("not_found", f"no recordings in {', '.join(map(str, inputs))}: give a folder with some{there}")
    results = {target.absolute() for target in jobs}
    return Plan(
        [(source, target) for target, source in jobs.items()],
        [(path, reason) for path, reason in passed_over if path.absolute() not in results],
    )


def summary(passed_over: Iterable[tuple[Path, str]]) -> str:
    """What was passed over, in one line: how many of each kind."""
    counts: dict[str, int] = {}
    for _, reason in passed_over:
        counts[reason] = counts.get(reason, 0) + 1
    return "passed over: " + ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))


def check_target(target: Path, inputs: Iterable[Path]) -> None:
    """Raise SegueError where a result cannot be written, or would replace one of the recordings."""
    try:
        real = files.replaced(target)
    except OSError as fault:
        raise SegueError("bad_output", f"{target} {fault.strerror}") from fault
    if real.exists() and any(source.exists() and real.samefile(source) for source in inputs):
        raise SegueError("bad_output", f"{target} is the recording itself: give -o another name")


def _named(name: str, suffix: str) -> str:
    """The result's name, a long one cut and told apart by a hash."""
    if len(os.fsencode(name + suffix)) <= LONGEST_NAME:
        return name + suffix
    mark = f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}{suffix}"
    cut = os.fsencode(name)[: LONGEST_NAME - len(mark)]
    return cut.decode("utf-8", "ignore") + mark


def _found(inputs: Sequence[Path]) -> Iterator[tuple[Path, Path, str]]:
    """Each file, its place below the folder it was found in, and why it is no recording ("" where it is one).

    Hidden files (also ._ of macOS) are not music.
    """
    for path in inputs:
        if not path.is_dir():
            yield path, Path(path.name), ""
            continue
        lost: list[OSError] = []
        for root, folders, names in os.walk(path, onerror=lost.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            here = Path(root)
            for name in (name for name in folders if (here / name).is_symlink()):
                yield here / name, (here / name).relative_to(path), "links to folders"
            for name in sorted(name for name in names if not name.startswith(".")):
                yield here / name, (here / name).relative_to(path), _reason(here / name)
        for fault in lost:
            folder = Path(os.fsdecode(fault.filename))
            yield folder, folder, f"folders that cannot be read ({fault.strerror})"


def _reason(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in AUDIO_SUFFIXES:
        return suffix or "without an ending"
    if path.exists() and not path.is_file():
        return f"{suffix} that are no files"
    return ""
