"""Input of Böck, Krebs and Widmer 2016: logarithmic bands of three windows and their rises (specs 4.2)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.features import _beat_spectra
from segue_models.features._beat_spectra import BANDS_PER_OCTAVE, WINDOWS, log_weights, rise, rise_lag
from segue_models.signal.frames import BEAT_HOP, frame_count

F32 = NDArray[np.float32]

PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    **_beat_spectra.COMMON, "name": "bock2016", "bands": 314,
    "lowest_hz": _beat_spectra.LOG_LOWEST_HZ, "highest_hz": _beat_spectra.LOG_HIGHEST_HZ,
}  # fmt: skip


def extract(mono: F32, threads: int = 2) -> F32:
    """Mono samples (n,) at 44.1 kHz to (frames, 314): per window 21, 45 or 91 log bands and as many rises."""
    widths = [log_weights(w, per_octave).shape[1] for w, per_octave in zip(WINDOWS, BANDS_PER_OCTAVE, strict=True)]
    out = np.empty((frame_count(len(mono), BEAT_HOP), 2 * sum(widths)), np.float32)
    column = 0
    for window, per_octave, width in zip(WINDOWS, BANDS_PER_OCTAVE, widths, strict=True):
        bands = _beat_spectra.log_spectrogram(mono, window, per_octave, threads)
        out[:, column : column + width] = bands
        out[:, column + width : column + 2 * width] = rise(bands, rise_lag(window))
        column += 2 * width
    return out
