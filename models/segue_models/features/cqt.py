"""Constant-Q spectrum: 8 octaves of 12 bins from 55 Hz, by librosa (paper section 3.2; specs 1.4c)."""

import numpy as np
from numpy.typing import NDArray

from segue_models import libraries
from segue_models.signal.frames import HOP, RATE_HZ

F32 = NDArray[np.float32]

BANDS = 96
LOWEST_HZ = 55.0
BANDS_PER_OCTAVE = 12
FLOOR = 1e-4  # added before the logarithm: -80 dB re full scale
PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    "name": "cqt", "bands": BANDS, "lowest_hz": LOWEST_HZ, "bands_per_octave": BANDS_PER_OCTAVE, "log_floor": FLOOR,
    "rate_hz": RATE_HZ, "hop": HOP,
}  # fmt: skip


def centres_hz() -> NDArray[np.float64]:
    """Band centres (BANDS,) in Hz: 55 Hz to 13.29 kHz."""
    return np.asarray(LOWEST_HZ * 2.0 ** (np.arange(BANDS) / BANDS_PER_OCTAVE))


def extract(mono: F32) -> F32:
    """Log constant-Q spectrum (frames, BANDS) of mono samples (n,) at 44.1 kHz: log(1e-4 + RMS of the band)."""
    librosa = libraries.librosa()

    c = librosa.cqt(
        mono, sr=RATE_HZ, hop_length=HOP, fmin=LOWEST_HZ, n_bins=BANDS, bins_per_octave=BANDS_PER_OCTAVE, tuning=0.0
    )
    # librosa gives half a tone's amplitude times the square root of the band's length in samples.
    lengths, _ = librosa.filters.wavelet_lengths(freqs=centres_hz(), sr=RATE_HZ)
    rms = np.abs(c) * np.sqrt(2.0 / lengths)[:, None]
    return np.asarray(np.log(FLOOR + rms.T), dtype=np.float32)
