"""How sure we may be that a recording has a beat at all: low for speech, noise, free rhythm and silence."""

import numpy as np
from numpy.typing import NDArray

from segue_models.beats.tatum import near

BETWEEN = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 5 / 6)  # of a beat


LEAST = 0.01  # probability: what is less likely is as good as not heard


def beat_confidence(
    activation: NDArray[np.floating],
    times: NDArray[np.float64],
    fps: float = 100.0,
    sounding: NDArray[np.bool_] | None = None,
) -> float:
    """Confidence 0..1 in beats at `times` (seconds) given the activation (frames,) they were decoded from.

    By how much less like a beat it sounds between the beats than on them, both as geometric means, so that it does not
    help to hit a few loud ones. A decoder always finds beats; in speech and noise there is nearly as much beside them.
    sounding: (frames,) those that are no silence, in which beats are not asked for; None where all sound.
    """
    if sounding is not None:
        times = times[sounding[np.clip(np.rint(times * fps).astype(np.int64), 0, len(sounding) - 1)]]
    if len(times) < 2:
        return 0.0
    heard = np.asarray(activation, dtype=np.float64)
    between = times[:-1, None] + np.diff(times)[:, None] * np.array(BETWEEN)
    on, off = (np.log(near(heard, fps, at) + LEAST).mean() for at in (times, between.ravel()))
    return max(0.0, 1.0 - float(np.exp(off - on)))
