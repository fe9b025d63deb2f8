"""The one short-time Fourier transform of a song, in blocks, from which every feature is made."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import HOP, WINDOW, frame_count

F32 = NDArray[np.float32]
BLOCK_FRAMES = 256  # a block and its spectrum stay in the processor's cache
BINS = WINDOW // 2 + 1


def window() -> F32:
    """Periodic Hann window, (WINDOW,)."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), dtype=np.float32)


def framed(mono: F32, first: int, count: int, window: int = WINDOW, hop: int = HOP) -> F32:
    """Frames first to first + count of `mono` (n,), frame i centred on sample i * hop, zeros beyond both ends."""
    start, stop = first * hop - window // 2, (first + count - 1) * hop + window - window // 2
    part = mono[max(start, 0) : max(min(stop, len(mono)), 0)]
    before = min(max(0, -start), stop - start)
    padded = np.pad(part, (before, stop - start - before - len(part)))
    return np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]


def power_blocks(mono: F32) -> Iterator[tuple[int, F32]]:
    """Yield (first frame, power (frames, BINS)) for blocks of centred frames; zeros beyond both ends of `mono` (n,).

    Scaled so that the sum of a frame's bins is the windowed mean square of the signal (Parseval).
    """
    from scipy.fft import rfft

    w = window()
    scale = np.full(BINS, 2.0 / (WINDOW * float(np.sum(w.astype(np.float64) ** 2))), dtype=np.float32)
    scale[[0, -1]] *= 0.5  # the bins without a mirror image
    frames = frame_count(len(mono))
    for first in range(0, frames, BLOCK_FRAMES):
        checkpoint()
        count = min(BLOCK_FRAMES, frames - first)
        spectrum = rfft(framed(mono, first, count) * w, axis=1)
        yield first, (spectrum.real**2 + spectrum.imag**2) * scale
