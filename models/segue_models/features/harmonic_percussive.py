"""Mel rows of a song, of its harmonic and of its percussive part, beside its lag rows (Grill 2015, ISMIR; specs 4.4).

The parts are told apart by medians (FitzGerald 2010): what goes on is harmonic, what sounds at all frequencies at once
is percussive. The lengths of the medians are ours: specs and public pages do not say the paper's.
"""

import numpy as np
from numpy.typing import NDArray

from segue_models import libraries
from segue_models.checkpoints import checkpoint
from segue_models.features import lag_similarity, mel
from segue_models.signal.frames import HOP, frame_count
from segue_models.signal.stft import power_blocks

F32 = NDArray[np.float32]

KERNEL = 17  # frames of the harmonic median, 0.4 s, and bins of the percussive one, 370 Hz
MASK_POWER = 2.0  # of the soft masks: by power, as a Wiener filter
BINS = int(np.flatnonzero(mel.weights().any(axis=1))[-1]) + 1  # the mel bands hear none above
SPECTRA = 3  # whole, harmonic, percussive
COLUMNS = SPECTRA * mel.BANDS + lag_similarity.BINS
BLOCK_FRAMES = 1024
MARGIN = KERNEL // 2 + 1  # frames around a block that its medians hear, and one whose window is cut
PARAMETERS: dict[str, str | int | float] = {
    **lag_similarity.PARAMETERS, "name": "harmonic_percussive", "kernel": KERNEL, "mask_power": MASK_POWER,
}  # fmt: skip


def extract(mono: F32) -> F32:
    """Mono samples (n,) at 44.1 kHz to (rows + 2 * mel.PADDING_ROWS, COLUMNS): whole, harmonic, percussive, lags."""
    both = lag_similarity.extract(mono)
    outside = mel.pooled(parts(mel.noise(mel.PADDING_ROWS * mel.POOL))[: mel.PADDING_ROWS * mel.POOL])
    apart = np.concatenate([outside, mel.pooled(parts(mono)), outside])
    return np.concatenate([both[:, : mel.BANDS], apart, both[:, mel.BANDS :]], axis=1)


def parts(mono: F32) -> F32:
    """Log mel magnitude of the harmonic and of the percussive part of every frame, (frames, 2 * mel.BANDS)."""
    frames = frame_count(len(mono))
    out = np.empty((frames, 2 * mel.BANDS), np.float32)
    for first in range(0, frames, BLOCK_FRAMES):
        checkpoint()
        low, stop = max(first - MARGIN, 0), min(first + BLOCK_FRAMES, frames)
        masked = separated(np.concatenate([p for _, p in power_blocks(mono[low * HOP : (stop + MARGIN) * HOP])]))
        out[first:stop] = np.concatenate([mel.log_magnitude(p) for p in masked], axis=1)[first - low : stop - low]
    return out


def separated(power: F32) -> tuple[F32, F32]:
    """Power of the harmonic and of the percussive part of power (frames, bins); 0 above the mel bands."""
    heard = np.sqrt(power[:, :BINS].T)
    split = libraries.librosa().decompose.hpss(heard, kernel_size=KERNEL, power=MASK_POWER)
    harmonic, percussive = (np.pad(part.T**2, ((0, 0), (0, power.shape[1] - BINS))) for part in split)
    return harmonic, percussive
