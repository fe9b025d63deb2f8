"""Which recordings a command means, and which result file each one gets."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from segue_bridge.errors import SegueError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf"})


def plan(inputs: Sequence[Path], folder: Path, suffix: str) -> list[tuple[Path, Path]]:
    """(recording, result file in `folder`) of every recording in `inputs`, folders searched to the bottom.

    Results mirror the subfolders. Raises SegueError where nothing is found or two recordings would share one result.
    """
    jobs: dict[Path, Path] = {}
    for source, inside in _recordings(inputs):
        target = folder / inside.with_name(inside.name + suffix)
        if jobs.setdefault(target, source) != source:
            raise SegueError(
                "bad_output", f"{jobs[target]} and {source} would both write {target}: mark them one by one"
            )
    if not jobs:
        raise SegueError("not_found", f"no recordings in {', '.join(map(str, inputs))}: give a folder that has some")
    return [(source, target) for target, source in jobs.items()]


def is_done(source: Path, target: Path) -> bool:
    """True where the result is there and not older than its recording."""
    return target.exists() and source.exists() and target.stat().st_mtime >= source.stat().st_mtime


def check_target(target: Path, inputs: Sequence[Path]) -> None:
    """Raise SegueError where the result would replace one of the recordings, or has no folder to lie in."""
    if any(source.exists() and target.exists() and target.samefile(source) for source in inputs):
        raise SegueError("bad_output", f"{target} is the recording itself: give -o another name")
    if not target.parent.is_dir():
        raise SegueError("bad_output", f"there is no folder {target.parent} for the result: make it, or change -o")


def _recordings(inputs: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each recording and its place below the folder it was found in; hidden files (also ._ of macOS) are not music."""
    for path in inputs:
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        for found in sorted(path.rglob("*")):
            inside = found.relative_to(path)
            hidden = any(part.startswith(".") for part in inside.parts)
            if found.suffix.lower() in AUDIO_SUFFIXES and found.is_file() and not hidden:
                yield found, inside
