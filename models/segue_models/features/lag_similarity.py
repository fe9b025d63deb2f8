"""Mel rows beside self-similarity lag rows: how alike a moment is to the 14 s before it (Grill 2015; specs 4.4)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.features import mel
from segue_models.signal.frames import FPS

F32 = NDArray[np.float32]

LAG_S = 14.0
POOL = 2  # frames in a step before similarity; 3 steps are one of mel's rows
QUANTILE = 0.1  # of the distances of both moments is "near"
STEPS_PER_ROW = mel.POOL // POOL
LAGS = round(LAG_S * FPS) // POOL  # 301
LAG_POOL = 3
BINS = LAGS // LAG_POOL  # 100
BLOCK_STEPS = 192
PARAMETERS: dict[str, str | int | float] = {
    **mel.PARAMETERS, "name": "lag_similarity", "lag_s": LAG_S, "lag_bins": BINS, "quantile": QUANTILE,
}  # fmt: skip


def extract(mono: F32) -> F32:
    """Mono samples (n,) at 44.1 kHz to (rows + 2 * mel.PADDING_ROWS, mel.BANDS + BINS), mel columns first."""
    frames = mel.spectrogram(mono)
    checkpoint()
    noise = mel.pooled(mel.padding(mel.PADDING_ROWS * mel.POOL))
    spectrum = np.concatenate([noise, mel.pooled(frames), noise])
    out = np.zeros((len(spectrum), mel.BANDS + BINS), np.float32)
    out[:, : mel.BANDS] = spectrum
    out[mel.PADDING_ROWS : -mel.PADDING_ROWS, mel.BANDS :] = rows(frames)  # nothing is like the noise outside
    return out


def rows(frames: F32) -> F32:
    """Similarity (rows, BINS) of a log mel spectrogram (frames, bands): maxima of 3 steps by 3 lags."""
    steps = similarity(vectors(np.concatenate([mel.padding(LAGS * POOL), frames])))[LAGS:]
    count = -(-len(frames) // mel.POOL)
    checkpoint()
    by_lag = steps[:, : BINS * LAG_POOL].reshape(len(steps), BINS, LAG_POOL).max(axis=2)
    return mel.pooled(by_lag, STEPS_PER_ROW)[:count]


def vectors(frames: F32) -> F32:
    """What is compared, (steps, 158): cepstra without their mean of POOL frames' maxima, two neighbours together."""
    from scipy.fft import dct

    cepstra = dct(mel.pooled(frames, POOL), axis=1, norm="ortho")[:, 1:]
    after = np.concatenate([cepstra[1:], cepstra[-1:]])
    return np.asarray(np.concatenate([cepstra, after], axis=1), dtype=np.float32)


def similarity(x: F32) -> F32:
    """R (steps, LAGS): the logistic of 1 - distance / near; .73 is the same, .5 is as far as near reaches."""
    far = distances(x)
    nearest = np.empty((len(far), _rank() + 1), np.float32)
    for first in range(0, len(far), BLOCK_STEPS):
        checkpoint()
        block = slice(first, first + BLOCK_STEPS)
        nearest[block] = np.sort(np.partition(far[block], _rank(), axis=1)[:, : _rank() + 1], axis=1)
    out = np.empty_like(far)
    for first in range(0, len(far), BLOCK_STEPS):
        checkpoint()
        here = np.arange(first, min(first + BLOCK_STEPS, len(far)))
        there = np.maximum(here[:, None] - 1 - np.arange(LAGS), 0)
        near = quantile_of_both(nearest, here[:, None], there)
        d = far[here]
        # Two moments of the same sound with nothing near to compare are alike, where the quotient is 0/0.
        ratio = np.divide(d, near, out=np.where(d > 0, np.float32(np.inf), np.float32(0)), where=near > 0)
        out[here] = 1.0 / (1.0 + np.exp(np.minimum(ratio, 80.0) - 1.0))
    return out


def distances(x: F32) -> F32:
    """Cosine distance (steps, LAGS) of each vector to the one 1, 2, ... steps before; 1 before the start."""
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    out = np.ones((len(x), LAGS), np.float32)
    for first in range(0, len(x), BLOCK_STEPS):
        checkpoint()
        here = np.arange(first, min(first + BLOCK_STEPS, len(x)))
        start = max(0, first - LAGS)
        alike = unit[here] @ unit[start : here[-1] + 1].T
        there = here[:, None] - 1 - np.arange(LAGS)
        known = there >= 0
        found = np.take_along_axis(alike, np.maximum(there - start, 0), axis=1)
        out[here] = np.where(known, np.maximum(1.0 - found, 0.0), 1.0)
    out[out < 1e-6] = 0.0  # rounding: the same vector is at no distance
    return out


@lru_cache(maxsize=1)
def _rank() -> int:
    """Place, from 0, of the quantile among the distances of two moments."""
    return int(QUANTILE * (2 * LAGS - 1))


def quantile_of_both(nearest: F32, here: NDArray[np.int64], there: NDArray[np.int64]) -> F32:
    """The last of the k + 1 smallest values of rows `here` and `there` together; nearest: (steps, k + 1) sorted."""
    width = nearest.shape[1]
    flat = nearest.ravel()
    a, b = here * width, there * width
    low, high = np.zeros(there.shape, np.int64), np.full(there.shape, width, np.int64)
    for _ in range(width.bit_length()):  # how many of the smallest are of row `here`
        middle = (low + high) >> 1
        at = np.minimum(middle, width - 1)
        enough = (flat[a + at] >= flat[b + width - 1 - at]) | (middle == width)
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.minimum(middle + 1, width))
    mine = np.where(low > 0, flat[a + np.maximum(low - 1, 0)], -np.inf)
    other = np.where(low < width, flat[b + np.minimum(width - 1 - low, width - 1)], -np.inf)
    return np.asarray(np.maximum(mine, other), dtype=np.float32)
