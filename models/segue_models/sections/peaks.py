"""Boundaries from an activation curve: peaks that stand out of what is around them (Ullrich 2014; specs 4.3)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH_S = 6.0  # a peak is not exceeded this near
PAST_S, FUTURE_S = 12.0, 6.0  # whose mean it must stand out of


def strengths(activation: Floats, fps: float) -> Floats:
    """How far each peak of the curve (rows,) at `fps` rows a second stands out; minus infinity where there is none."""
    from scipy.ndimage import maximum_filter1d

    reach, past, future = (round(s * fps) for s in (REACH_S, PAST_S, FUTURE_S))
    sums = np.concatenate([[0.0], np.cumsum(np.pad(activation, (past, future)))])  # outside the song there is nothing
    width = past + future + 1
    mean = (sums[width:] - sums[:-width]) / width
    peak = activation >= maximum_filter1d(activation, 2 * reach + 1, mode="constant")
    return np.where(peak, activation - mean, -np.inf)


def pick(activation: Floats, fps: float, threshold: float) -> NDArray[np.int64]:
    """Rows of the peaks that stand out by at least `threshold`."""
    return np.flatnonzero(strengths(activation, fps) >= threshold)
