"""Time bases of a network's input: beats (`beat_align`), or frames of 23, 46, 92 and 184 ms (specs 1.4, 1.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue_models.cuts import beat_align
from segue_models.recipe import Data
from segue_models.signal.frames import FPS, BeatGrid

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """features: (rows, bands); onset_rows: (onsets,) the row of each onset, not always one of `features`.

    starts: (rows,) seconds at which an onset would be right in its row; middles: (rows,) seconds.
    """

    features: F32
    onset_rows: NDArray[np.int64]
    starts: Floats
    middles: Floats


def lay(frames: F32, onsets: Floats, grid: BeatGrid, duration: float, data: Data) -> Rows:
    """Frames (frames, bands) of a song of `duration` seconds on the time base of `data`, with its onsets (seconds)."""
    if data.time_base == "beats":
        k = data.cells_per_beat
        aligned = beat_align.align(frames, grid, k, duration)
        cells = aligned.first_cell + np.arange(len(aligned.features))
        onset_rows = beat_align.cells(grid, onsets, k) - aligned.first_cell
        return Rows(aligned.features, onset_rows, grid.seconds(cells / k), grid.seconds((cells + 0.5) / k))
    features = pool(frames, data.pooled)
    centres = row_seconds(len(features), data.pooled)
    return Rows(features, nearest_row(onsets, len(features), data.pooled), centres, centres)


def rows(window: float, data: Data) -> int:
    """Rows of an excerpt of `window` beats, or `window` seconds of frames; then odd, around the onset's own row."""
    if data.time_base == "beats":
        return round(window * data.cells_per_beat)
    return 2 * round(window / 2 * FPS / data.pooled) + 1


def pool(frames: F32, pooled: int) -> F32:
    """Means of `pooled` (a power of 2) frames (frames, bands), by halves from frame 0; a last odd frame is dropped."""
    while pooled > 1:
        even = len(frames) // 2 * 2
        frames, pooled = np.float32(0.5) * (frames[0:even:2] + frames[1:even:2]), pooled // 2
    return frames


def row_seconds(count: int, pooled: int) -> Floats:
    """Centre in seconds of each of `count` rows, each the mean of `pooled` frames."""
    return np.asarray((np.arange(count) * pooled + (pooled - 1) / 2) / FPS)


def nearest_row(seconds: ArrayLike, count: int, pooled: int) -> NDArray[np.int64]:
    """Of `count` rows of `pooled` frames each, the one whose centre is nearest to each time in seconds."""
    nearest = np.rint((np.asarray(seconds, dtype=np.float64) * FPS - (pooled - 1) / 2) / pooled)
    return np.clip(nearest, 0, count - 1).astype(np.int64)
