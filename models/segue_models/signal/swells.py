"""Where sound swells out of something quieter and where it has died away, in seconds: what free time can be cut at."""

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import FPS
from segue_models.signal.front_end import FrontEnd

Floats = NDArray[np.float64]

SMOOTH_SECONDS = 0.5
DEEP = 0.7  # nepers, 6 dB: how far the level rises before a swell's top and falls behind it
BEGUN = 0.05  # nepers, 0.4 dB: what a level rises by where a swell begins


def detect(front: FrontEnd) -> Floats:
    """Where swells begin and have died away (swells,), sorted; the level is that of the loudness summed over bands.

    Loudness grows with the square root of amplitude (Stevens 1957), so a quiet pad counts beside a loud bass.
    """
    from scipy.signal import find_peaks  # loads for a second: only free time waits for it

    width = round(SMOOTH_SECONDS * FPS)
    level = 2 * np.log(np.exp(front.gammatone / 2).mean(axis=1, dtype=np.float64))
    if len(level) <= width:
        return np.empty(0)
    level[[0, -1]] = level[[1, -2]]  # half of their windows is nothing
    window = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(np.pad(level, (width // 2, (width - 1) // 2), mode="edge"), window / window.sum(), "valid")
    tops = find_peaks(np.pad(smooth, 1, constant_values=smooth.min()), prominence=DEEP)[0] - 1
    places: set[int] = set()
    for before, top, after in zip([0, *tops], tops, [*tops[1:], len(smooth) - 1], strict=False):
        rise, fall = smooth[before : top + 1], smooth[top : after + 1]
        if smooth[top] - rise.min() >= DEEP:  # the recording itself may begin at the top, and end there
            places.add(before + int(np.flatnonzero(rise <= rise.min() + BEGUN)[-1]))
        if smooth[top] - fall.min() >= DEEP:
            places.add(top + int(np.flatnonzero(fall <= fall.min() + BEGUN)[0]))
    return np.array(sorted(places)) / FPS
