"""How sure we may be that a recording has a beat at all: low for speech, noise, rubato and silence."""

import numpy as np
from numpy.typing import NDArray

NEAR_SECONDS = 0.07  # what the evaluation of beats calls a hit


def beat_confidence(activation: NDArray[np.floating], times: NDArray[np.float64], fps: float = 100.0) -> float:
    """Confidence 0..1 in beats at `times` (seconds) given the activation (frames,) they were decoded from.

    Geometric mean of how likely a beat is where they are, and of how much of all that looked like a beat is there: a
    decoder always finds beats, but in speech it passes by most of what was heard, and in noise it hears little.
    """
    if not len(times):
        return 0.0
    a = np.asarray(activation, dtype=np.float64)
    at = np.clip(np.rint(times * fps).astype(np.int64), 0, len(a) - 1)
    reach = np.arange(-round(NEAR_SECONDS * fps), round(NEAR_SECONDS * fps) + 1)
    near = np.clip(at[:, None] + reach, 0, len(a) - 1)
    explained = float(a[np.unique(near)].sum() / max(float(a.sum()), 1e-9))
    return float(np.sqrt(np.clip(a[near].max(axis=1).mean(), 0.0, 1.0) * explained))
