"""From scored onsets to the cuts an editor is shown; evaluation and the daemon use the same code."""

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import BeatGrid

Floats = NDArray[np.float64]

BEATS_BEFORE, BEATS_AFTER = 8, 4  # over 99 % of the paper's cuts lie so near to their section boundary


def candidates(onsets: Floats, grid: BeatGrid, boundaries: Floats, slack: float = 1e-9) -> NDArray[np.bool_]:
    """Which onsets are candidates: from 8 beats before to 4 after a section boundary, inclusive (specs 1.2).

    onsets: (onsets,) and boundaries: (boundaries,) in seconds; slack: beats to either side. A nanobeat by default: the
    ends are inclusive, and 16.0 s must not fall out by rounding.
    """
    if not len(onsets) or not len(boundaries):
        return np.zeros(len(onsets), dtype=bool)
    offset = grid.phase(onsets)[:, None] - grid.phase(boundaries)[None, :]
    inside = (offset >= -BEATS_BEFORE - slack) & (offset <= BEATS_AFTER + slack)
    return np.asarray(inside.any(axis=1))


def pick(times: Floats, scores: Floats, top: int, min_score: float, spacing: float) -> NDArray[np.int64]:
    """Indices of the best cuts of one kind, in order of time.

    times: (onsets,) seconds, sorted; scores: (onsets,). Best first, none below `min_score`, none closer than `spacing`
    seconds to a better one, at most `top`; never padded.
    """
    chosen: list[int] = []
    free = np.ones(len(times), dtype=bool)
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < min_score or len(chosen) >= top:
            break
        if free[i]:
            chosen.append(int(i))
            free &= np.abs(times - times[i]) >= spacing
    return np.sort(np.array(chosen, dtype=np.int64))
