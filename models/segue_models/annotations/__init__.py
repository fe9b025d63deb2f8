"""The annotation formats of published data sets, one file each, read in place from their zips."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import BeatGrid, grid_from_downbeats

Floats = NDArray[np.float64]
AUDIO = (".wav", ".aif", ".aiff", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class Segments:
    """The sections of a song as one annotator heard them: starts (sections,) and the end, seconds; a label each."""

    starts: Floats
    end: float
    labels: tuple[str, ...]


def segments(rows: Iterable[tuple[float, str]], end: float | None = None) -> Segments:
    """Segments of (start, label) rows; without `end`, the last row is the end of the song.

    Segments of no length are left out: of rows at one time the last counts, and those at the end or later do not.
    """
    last = dict(sorted(rows, key=lambda row: row[0]))
    end = max(last) if end is None else end
    inside = [start for start in last if start < end]
    return Segments(np.array(inside), end, tuple(last[start] for start in inside))


def beats(text: str) -> BeatGrid:
    """Lines of time and place in the bar, by white space; the place is 0 in every line where there is none.

    Raises ValueError for fewer than two beats, or beats that do not follow each other.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    times = [float(row[0]) for row in rows]
    return grid_from_downbeats(times, [int(row[1]) if len(row) > 1 else 0 for row in rows])


def recordings(folder: Path) -> dict[str, Path]:
    """The audio files in `folder` and below, by name without ending; FileNotFoundError says where to put them."""
    found = {p.stem: p for p in sorted(folder.rglob("*")) if p.suffix.lower() in AUDIO}
    if not found:
        raise FileNotFoundError(f"put the recordings into {folder}, named as their annotations are")
    return found
