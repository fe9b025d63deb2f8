"""Beats by the hidden Markov model that follows the tempo ("DBN"; specs 4.1)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import beat_states

Floats = NDArray[np.float64]


def decode(activation: NDArray[np.floating], fps: float = 100.0) -> Floats:
    """Beat times in seconds from a beat activation (frames,) in 0..1; none where there are no frames."""
    if not len(activation):
        return np.empty(0)
    path = beat_states.best_path(log_odds(activation)[:, None], beat_states.intervals(fps))
    return beat_states.peaks(path, np.asarray(activation, dtype=np.float64))[0] / fps


def log_odds(activation: NDArray[np.floating]) -> Floats:
    """Log density of a beat at each frame less that of no beat."""
    a = np.clip(np.asarray(activation, dtype=np.float64), beat_states.EPSILON, 1 - beat_states.EPSILON)
    return np.asarray(np.log(a) - np.log((1 - a) / (beat_states.BEAT_PART - 1)))
