"""Frames to beat-aligned cells: the same music has the same length at any tempo (paper section 3.2; specs 1.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import BeatGrid, frame_times


@dataclass(frozen=True)
class Aligned:
    """features: (cells, bins) float32, one row for each 1 / cells_per_beat of a beat; row 0 is cell `first_cell`."""

    features: NDArray[np.float32]
    first_cell: int


def align(features: NDArray[np.float32], grid: BeatGrid, cells_per_beat: int, duration: float) -> Aligned:
    """Mean of the frames (frames, bins) whose centre lies in each cell, over a song of `duration` seconds.

    Cells shorter than a frame may be empty: they take the linear interpolation at the cell's centre time.
    """
    times = frame_times(len(features))
    where = np.floor(grid.phase(times) * cells_per_beat).astype(np.int64)
    first, last = int(where[0]), int(np.floor(grid.phase(duration) * cells_per_beat))
    count = max(last, int(where[-1])) - first + 1
    rows = where - first
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    checkpoint()
    sums = np.add.reduceat(features, starts, axis=0, dtype=np.float64)
    checkpoint()
    out = np.empty((count, features.shape[1]))
    filled = rows[starts]
    out[filled] = sums / np.diff(np.append(starts, len(rows)))[:, None]
    empty = np.setdiff1d(np.arange(count), filled)
    if len(empty):
        at = np.clip(grid.seconds((empty + first + 0.5) / cells_per_beat), times[0], times[-1])
        left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, max(len(times) - 2, 0))
        right = np.minimum(left + 1, len(times) - 1)
        part = np.where(right > left, (at - times[left]) / np.maximum(times[right] - times[left], 1e-12), 0.0)[:, None]
        out[empty] = (1 - part) * features[left] + part * features[right]
    return Aligned(out.astype(np.float32), first)


def on_downbeat(grid: BeatGrid, seconds: ArrayLike, cells_per_beat: int) -> NDArray[np.bool_]:
    """Whether each time opens the same cell as a beat that begins a bar."""
    return np.isin(cells(grid, seconds, cells_per_beat), cells(grid, grid.times[grid.positions == 1], cells_per_beat))


def cells(grid: BeatGrid, seconds: ArrayLike, cells_per_beat: int) -> NDArray[np.int64]:
    """Cell that each time opens: floor(phase * k), where an onset up to a quarter cell early counts as on time.

    A tracked beat is 10 to 20 ms off; without the quarter an onset on the beat would land in the cell before at random.
    """
    return np.floor(grid.phase(seconds) * cells_per_beat + 0.25).astype(np.int64)
