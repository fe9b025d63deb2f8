"""What the beat networks hear is made of: log spectrograms and rises, 100 frames a second (specs 4.1, 4.2)."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import BEAT_FPS, BEAT_HOP, RATE_HZ, frame_count
from segue_models.signal.stft import framed

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

WINDOWS = (1024, 2048, 4096)
MEL_BANDS, MEL_LOWEST_HZ, MEL_HIGHEST_HZ = 20, 20.0, 17_000.0
BANDS_PER_OCTAVE = (3, 6, 12)  # of the three windows
LOG_LOWEST_HZ, LOG_HIGHEST_HZ, TUNING_HZ = 30.0, 17_000.0, 440.0
BLOCK_SAMPLES = 1 << 18  # of the windows of a block: it and its spectrum stay in the processor's cache

COMMON: dict[str, str | int | float] = {  # what a network's card says of either feature
    "rate_hz": RATE_HZ, "hop": BEAT_HOP, "fps": BEAT_FPS, "windows": "1024 2048 4096",
}  # fmt: skip


def log_spectrogram(mono: F32, window: int, bands_per_octave: int, threads: int = 2) -> F32:
    """log10(1 + x) of the magnitudes in logarithmic bands, (frames, bands), frame i centred on i * 10 ms."""
    weights = log_weights(window, bands_per_octave)
    bands = spectrogram(mono, np.hanning(window + 1)[:-1], weights, False, threads)
    bands += 1.0
    return np.log10(bands, out=bands)


def rise_lag(window: int) -> int:
    """Frames until a Hann window of `window` samples has fallen to half its height."""
    return max(1, round(window / 4 / BEAT_HOP))


def rise(bands: F32, lag: int) -> F32:
    """By how much each of the bands (frames, bands) is above itself `lag` frames before; 0 where it is not."""
    out = np.zeros_like(bands)
    np.maximum(bands[lag:] - bands[:-lag], 0.0, out=out[lag:])
    return out


def rise_over_median(bands: F32, past: int) -> F32:
    """By how much each band is above the median of it and its `past` frames before; 0 in the first `past` frames."""
    from scipy.ndimage import median_filter

    out = np.zeros_like(bands)
    for column, rises in zip(bands.T, out.T, strict=True):  # scipy's fast median is for one dimension
        median = median_filter(np.ascontiguousarray(column), past + 1, origin=past // 2)
        np.maximum(column[past:] - median[past:], 0.0, out=rises[past:])
    return out


def spectrogram(mono: F32, taper: Floats, weights: F32, power: bool, threads: int) -> F32:
    """Power or magnitude of the tapered frames, in the bands of `weights` (bins, bands): (frames, bands)."""
    from scipy.fft import rfft
    from scipy.sparse import csr_array

    w = taper.astype(np.float32)
    used = int(np.flatnonzero(weights.any(axis=1))[-1]) + 1
    # Sparse: a dense product would start the threads of BLAS within ours, and they wait for each other.
    heard = csr_array(weights[:used].T)
    block = BLOCK_SAMPLES // len(w)
    out = np.empty((frame_count(len(mono), BEAT_HOP), weights.shape[1]), np.float32)

    def fill(first: int) -> None:
        count = min(block, len(out) - first)
        spectrum = rfft(framed(mono, first, count, len(w), BEAT_HOP) * w, axis=1)[:, :used]
        squares = np.square(spectrum.real)
        squares += np.square(spectrum.imag)
        out[first : first + count] = (heard @ (squares if power else np.sqrt(squares, out=squares)).T).T

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(0, len(out), block)))
    return out


@lru_cache(maxsize=3)
def log_weights(window: int, bands_per_octave: int) -> F32:
    """Magnitude weights (bins, bands): triangles of area 1 whose corners are tones tuned to 440 Hz, each bin once."""
    low, high = (bands_per_octave * np.log2(hz / TUNING_HZ) for hz in (LOG_LOWEST_HZ, LOG_HIGHEST_HZ))
    tones_hz = TUNING_HZ * 2 ** (np.arange(np.ceil(low), np.floor(high) + 1) / bands_per_octave)
    corners = np.unique(np.rint(tones_hz * window / RATE_HZ))
    weights = _triangles(np.arange(window // 2 + 1, dtype=np.float64), corners)
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)


@lru_cache(maxsize=3)
def mel_weights(window: int) -> F32:
    """Power weights (bins, 20) on Slaney's mel scale, area 1 in Hz."""
    mels = np.linspace(_mel(MEL_LOWEST_HZ), _mel(MEL_HIGHEST_HZ), MEL_BANDS + 2)
    corners_hz = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    weights = _triangles(np.arange(window // 2 + 1) * RATE_HZ / window, corners_hz)
    return np.asarray(weights * 2 / (corners_hz[2:] - corners_hz[:-2]), dtype=np.float32)


def _mel(hz: float) -> float:
    """Slaney's mel scale: linear to 1 kHz, then 27 steps for a factor of 6.4."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _triangles(at: Floats, corners: Floats) -> Floats:
    """Height at `at` (bins,) of the triangles over three neighbouring corners each: (bins, corners - 2)."""
    up = (at[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    down = (corners[2:] - at[:, None]) / (corners[2:] - corners[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(up, down)))
