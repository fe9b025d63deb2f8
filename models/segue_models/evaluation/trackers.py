"""Beat trackers of other people, to stand beside ours: beats in seconds of mono samples (n,) at 44.1 kHz.

Those that are not librosa's need `pip install ".[trackers]"`, and raise ImportError without it.
"""

from collections.abc import Callable, Mapping
from importlib import import_module

import numpy as np
import soxr
from numpy.typing import NDArray

from segue_models.signal.frames import RATE_HZ

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]


def librosa(mono: F32) -> Floats:
    """Ellis' dynamic programming (2007) in librosa, as specs 4.1 set it: 120 BPM at first, tightness 100."""
    from librosa.beat import beat_track

    low = soxr.resample(mono, RATE_HZ, RATE_HZ // 2)
    _, times = beat_track(y=low, sr=RATE_HZ // 2, hop_length=512, start_bpm=120.0, tightness=100, units="time")
    return np.asarray(times, dtype=np.float64)


def essentia(mono: F32, method: str = "multifeature") -> Floats:
    """RhythmExtractor2013 of Essentia: `multifeature` (Zapata et al. 2014) or `degara` (Degara et al. 2012)."""
    extractor = import_module("essentia.standard").RhythmExtractor2013(method=method)
    return np.asarray(extractor(mono)[1], dtype=np.float64)


def aubio(mono: F32) -> Floats:
    """The tracker of Davies and Plumbley (2007) in aubio."""
    hop = 512
    tracker = import_module("aubio").tempo("default", 1024, hop, RATE_HZ)
    whole = mono[: len(mono) // hop * hop].reshape(-1, hop)
    return np.array([tracker.get_last_s() for block in whole if tracker(block)[0]], dtype=np.float64)


TRACKERS: Mapping[str, Callable[[F32], Floats]] = {
    "multi": essentia,
    "degara": lambda mono: essentia(mono, "degara"),
    "librosa": librosa,
    "aubio": aubio,
}
