"""Other mixes of the same music, made on the log gammatone cells: level, equalisation, pitch, noise floor, codec."""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
FLOOR = float(np.log(1e-4))  # the feature's value for silence


def augment(cells: F32, rng: np.random.Generator) -> F32:
    """One random variation of (cells, bands), or several (cells, n, bands), log features; the labels stay true."""
    bands = cells.shape[-1]
    x = cells
    if rng.random() < 0.5:  # pitch, up to about a tone: one band is half an ERB
        shift = int(rng.integers(-2, 3))
        x = np.roll(x, shift, axis=-1)
        if shift > 0:
            x[..., :shift] = x[..., shift : shift + 1]
        elif shift < 0:
            x[..., shift:] = x[..., shift - 1 : shift]
    k = np.arange(bands) / bands
    curve = sum(rng.normal(0, 0.45 / n) * np.cos(np.pi * n * k + rng.uniform(0, np.pi)) for n in (1, 2, 3, 4))
    x = x + (curve + rng.normal(0, 0.4)).astype(np.float32)  # equaliser and level, about 4 dB each
    if rng.random() < 0.4:  # noise floor
        x = np.logaddexp(x, rng.uniform(-8.5, -4.5)).astype(np.float32)
    if rng.random() < 0.3:  # low-pass of a lossy codec or an old recording
        x[..., int(rng.integers(bands - 12, bands)) :] = FLOOR
    if rng.random() < 0.3:  # a masked range, so that no single range decides
        low = int(rng.integers(0, bands - 10))
        x[..., low : low + int(rng.integers(3, 11))] = x.mean()
    return np.asarray(np.maximum(x, FLOOR), dtype=np.float32)
