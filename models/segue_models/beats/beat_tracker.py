"""Beats that follow the tempo: the steady ones of 20 s, found anew at every beat (BeatTracker; specs 4.1)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.beats.beat_detector import SLOWEST_BPM, interval, smooth, steady_beats

Floats = NDArray[np.float64]

AROUND_SECONDS = 10.0  # to either side; the paper has 3


def decode(activation: NDArray[np.floating], fps: float = 100.0) -> Floats:
    """Beat times in seconds from a beat activation (frames,); none where the song is shorter than one slow beat."""
    if len(activation) <= round(60 * fps / SLOWEST_BPM):
        return np.empty(0)
    heard = smooth(np.asarray(activation, dtype=np.float64), fps)
    reach = round(AROUND_SECONDS * fps)
    padded = np.pad(heard, reach)  # so that every place has as much around it
    beats: list[int] = []
    expected = 0
    while expected < len(heard):
        around = padded[expected : expected + 2 * reach]
        step = interval(around, fps)
        near = steady_beats(around, step) - reach + expected
        near = near[near > (beats[-1] if beats else -1)]
        if not len(near):
            break
        beat = int(near[np.abs(near - expected).argmin()])
        if beat >= len(heard):
            break
        beats.append(beat)
        expected = beat + step
    return np.array(beats) / fps
