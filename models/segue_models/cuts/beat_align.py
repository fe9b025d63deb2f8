"""Frames to beat-aligned cells: the same music has the same length at any tempo (paper section 3.2; specs 1.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import FPS, BeatGrid, frame_times


@dataclass(frozen=True)
class Aligned:
    """features: (cells, bins) float32, one row for each 1 / cells_per_beat of a beat.

    Row 0 is cell `first_cell`, which opens a beat.
    """

    features: NDArray[np.float32]
    first_cell: int


def align(features: NDArray[np.float32], grid: BeatGrid, cells_per_beat: int, duration: float) -> Aligned:
    """Mean of the frames (frames, bins) over each cell of a song of `duration` seconds, on straight lines between them.

    Not of the frames whose centres lie in a cell: it holds one or two, and one more or less for a millisecond.
    """
    times = frame_times(len(features))
    # Networks pool rows, and the foreground beats of rows, from row 0 on: it opens a beat wherever the music begins.
    first = int(np.floor(grid.phase(0.0))) * cells_per_beat
    last = int(np.floor(grid.phase(max(duration, times[-1])) * cells_per_beat))
    edges = grid.seconds(np.arange(first, last + 2) / cells_per_beat) * FPS
    checkpoint()
    sums = _integral(features, edges)
    checkpoint()
    return Aligned((np.diff(sums, axis=0) / np.diff(edges)[:, None]).astype(np.float32), first)


def _integral(features: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral (places, bins) from frame 0 to each place, in frames, of the lines between frames (frames, bins).

    What lies before the first frame, or behind the last, sounds as they do.
    """
    inside = np.clip(places, 0, len(features) - 1)
    left = inside.astype(np.int64)
    part, all_of_it = (inside - left)[:, None].astype(np.float32), (places - left)[:, None].astype(np.float32)
    here, rise = features[left], np.diff(features, axis=0, append=features[-1:])[left]
    whole = np.zeros((len(features), features.shape[1]))
    np.cumsum((features[1:] + features[:-1]) / 2, axis=0, dtype=np.float64, out=whole[1:])
    sums = whole[left]
    sums += all_of_it * here + part**2 / 2 * rise
    return sums


def on_downbeat(grid: BeatGrid, seconds: ArrayLike, cells_per_beat: int) -> NDArray[np.bool_]:
    """Whether each time opens the same cell as a beat that begins a bar."""
    return np.isin(cells(grid, seconds, cells_per_beat), cells(grid, grid.times[grid.positions == 1], cells_per_beat))


def cells(grid: BeatGrid, seconds: ArrayLike, cells_per_beat: int) -> NDArray[np.int64]:
    """Cell that each time opens: floor(phase * k), where an onset up to a quarter cell early counts as on time.

    A tracked beat is 10 to 20 ms off; without the quarter an onset on the beat would land in the cell before at random.
    """
    return np.floor(grid.phase(seconds) * cells_per_beat + 0.25).astype(np.int64)
