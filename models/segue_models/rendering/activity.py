"""When a voice sounds in its own track: intervals without reverberation tails."""

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from segue_models.rendering.mix import Samples, envelope
from segue_models.rendering.notes import Floats

_FRAME_S = 0.01


def activity(stem: Samples, local_db: float = 18.0, total_db: float = 32.0) -> Floats:
    """Intervals (n, 2) in seconds where a vocal track is sung.

    Its 30 ms power is within `local_db` of the loudest moment of the second before and after (which a reverberation
    tail soon is not) and within `total_db` of the loud moments of the song. Gaps under 150 ms are closed, intervals
    under 80 ms dropped.
    """
    power = np.maximum(uniform_filter1d(envelope(stem) ** 2, 3), 0.0)
    if not len(power) or power.max() <= 0:
        return np.empty((0, 2))
    loud = np.percentile(power[power > 0], 99)
    on = (power > maximum_filter1d(power, 201) * 10 ** (-local_db / 10)) & (power > loud * 10 ** (-total_db / 10))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]]))).reshape(-1, 2) * _FRAME_S
    gaps = np.flatnonzero(edges[1:, 0] - edges[:-1, 1] >= 0.15)
    starts = edges[np.concatenate([[0], gaps + 1]), 0]
    ends = edges[np.concatenate([gaps, [len(edges) - 1]]), 1]
    return np.asarray(np.stack([starts, ends], axis=1)[ends - starts >= 0.08])
