"""Gammatone spectrogram of the front end, as a feature (paper section 3.2; specs 1.4b)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import HOP, RATE_HZ, WINDOW
from segue_models.signal.front_end import front_end
from segue_models.signal.gammatone import BANDS, FLOOR, HIGHEST_HZ, LOWEST_HZ

F32 = NDArray[np.float32]

PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    "name": "gammatone", "bands": BANDS, "lowest_hz": LOWEST_HZ, "highest_hz": HIGHEST_HZ, "log_floor": FLOOR,
    "rate_hz": RATE_HZ, "window": WINDOW, "hop": HOP,
}  # fmt: skip


def extract(mono: F32) -> F32:
    """Log gammatone (frames, BANDS) of mono samples (n,) at 44.1 kHz: log(1e-4 + RMS of the band)."""
    return front_end(mono).gammatone
