"""Input of Böck and Schedl 2011: mel bands of three windows and how far each is over its past (specs 4.1)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.features import _beat_spectra
from segue_models.features._beat_spectra import MEL_BANDS, WINDOWS
from segue_models.signal.frames import BEAT_HOP, frame_count

F32 = NDArray[np.float32]

PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    **_beat_spectra.COMMON, "name": "bock2011", "bands": 120,
    "lowest_hz": _beat_spectra.MEL_LOWEST_HZ, "highest_hz": _beat_spectra.MEL_HIGHEST_HZ,
}  # fmt: skip


def extract(mono: F32, threads: int = 2) -> F32:
    """Mono samples (n,) at 44.1 kHz to (frames, 120): per window 20 log mel bands and how far each is over its past."""
    out = np.empty((frame_count(len(mono), BEAT_HOP), 2 * MEL_BANDS * len(WINDOWS)), np.float32)
    for i, window in enumerate(WINDOWS):
        weights = _beat_spectra.mel_weights(window)
        bands = np.log1p(_beat_spectra.spectrogram(mono, np.hamming(window), weights, True, threads))
        column = 2 * MEL_BANDS * i
        out[:, column : column + MEL_BANDS] = bands
        out[:, column + MEL_BANDS : column + 2 * MEL_BANDS] = _beat_spectra.rise_over_median(bands, window // 100)
    return out
