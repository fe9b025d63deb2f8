"""Mel spectrogram for structure: 80 triangular bands, their maxima 7.178 times a second (Ullrich 2014; specs 4.3)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import FPS, HOP, RATE_HZ, ROW_FRAMES, WINDOW, frame_count
from segue_models.signal.stft import BINS, power_blocks

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BANDS = 80
LOWEST_HZ, HIGHEST_HZ = 80.0, 16_000.0
FLOOR = 1e-5  # added before the logarithm: -100 dB re full scale, below the padding
POOL = ROW_FRAMES  # "std" of the paper; LOW_POOL is "low", for boundaries to within 3 s
LOW_POOL = 12
ROW_FPS, LOW_FPS = FPS / POOL, FPS / LOW_POOL
PADDING_DB = -70.0
PADDING_ROWS = 57  # half of the 115 rows, 16 s, that a network hears
PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    "name": "mel", "bands": BANDS, "lowest_hz": LOWEST_HZ, "highest_hz": HIGHEST_HZ, "log_floor": FLOOR,
    "rate_hz": RATE_HZ, "window": WINDOW, "hop": HOP, "pool": POOL, "padding_db": PADDING_DB,
    "padding_rows": PADDING_ROWS,
}  # fmt: skip


def extract(mono: F32) -> F32:
    """Mono samples (n,) at 44.1 kHz to (rows + 2 * PADDING_ROWS, BANDS): pink noise, the song's rows, pink noise."""
    outside = pooled(padding(PADDING_ROWS * POOL))
    return np.concatenate([outside, pooled(spectrogram(mono)), outside])


def spectrogram(mono: F32) -> F32:
    """Log magnitude of every frame, (frames, BANDS)."""
    out = np.empty((frame_count(len(mono)), BANDS), np.float32)
    for first, power in power_blocks(mono):
        out[first : first + len(power)] = log_magnitude(power)
    return out


def log_magnitude(power: F32) -> F32:
    """Log magnitude (frames, BANDS) of power (frames, bins)."""
    return np.asarray(np.log(FLOOR + np.sqrt(power @ weights())))


def pooled(frames: F32, pool: int = POOL) -> F32:
    """Maxima of every `pool` frames without overlap, (rows, bands); the last row may be of fewer."""
    return np.asarray(np.maximum.reduceat(frames, np.arange(0, len(frames), pool), axis=0))


def row_times(rows: int) -> Floats:
    """Seconds at the middle of each of a song's rows, the padding not counted."""
    return np.asarray((np.arange(rows) * POOL + (POOL - 1) / 2) / FPS)


@lru_cache(maxsize=1)
def weights() -> F32:
    """Power weights (bins, BANDS): triangles that reach from the centre of the band below to that of the one above."""
    edges = _hz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2))
    bins_hz = np.arange(BINS)[:, None] * RATE_HZ / WINDOW
    rising = (bins_hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins_hz) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(np.minimum(rising, falling), 0.0), dtype=np.float32)


@lru_cache(maxsize=4)
def padding(frames: int) -> F32:
    """Spectrogram (frames, BANDS) of what is heard outside a song."""
    return spectrogram(noise(frames))[:frames]


def noise(frames: int) -> F32:
    """Pink noise (frames * HOP,) at PADDING_DB, always the same."""
    samples = frames * HOP
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    sound = np.fft.irfft(spectrum, samples)
    sound *= 10 ** (PADDING_DB / 20) / np.sqrt(np.mean(sound**2))
    return np.asarray(sound, dtype=np.float32)


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


def _hz(mel: Floats) -> Floats:
    return np.asarray(700.0 * (10 ** (mel / 2595.0) - 1.0))
