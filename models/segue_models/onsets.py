"""Note onsets in seconds: peaks of the spectral flux, placed to a few milliseconds in the waveform."""

import numpy as np
from numpy.typing import NDArray

from segue_models.frames import FPS, RATE_HZ
from segue_models.frontend import Front

Floats = NDArray[np.float64]

LOCAL_FRAMES = 2  # a peak tops its neighbours within 46 ms
MEAN_SECONDS = 0.5
THRESHOLD = 0.4  # above the local mean, in units of the song's own spread of flux
APART_SECONDS = 0.05
CHUNK_STEPS = 4096  # worked on at a time: a difference of a whole song would be as large as the song


def detect(front: Front, mono: NDArray[np.float32]) -> Floats:
    """Onset times (onsets,) in seconds, sorted; `mono` is what `front` heard."""
    flux = front.onset_strength.astype(np.float64)
    spread = float(flux.std())
    if spread < 1e-6:
        return np.empty(0)
    half = round(MEAN_SECONDS / 2 * FPS)
    sums = np.concatenate([[0.0], np.cumsum(np.pad(flux, half, mode="edge"))])
    mean = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
    padded = np.pad(flux, LOCAL_FRAMES)
    top = np.lib.stride_tricks.sliding_window_view(padded, 2 * LOCAL_FRAMES + 1).max(axis=1)
    peaks = np.flatnonzero((flux == top) & (flux > mean + THRESHOLD * spread))
    times = _place(peaks / FPS, mono)
    return times[np.concatenate([[True], np.diff(times) >= APART_SECONDS])] if len(times) else times


def _place(rough: Floats, mono: NDArray[np.float32]) -> Floats:
    """Move each time to the steepest rise of short-time energy near it (the flux sees a frame of 46 ms)."""
    if not len(rough):
        return rough
    step, before, after = 64, 40, 12  # 1.45 ms; the flux peaks up to half a window late
    energy = _attack_energy(mono, step)
    count = len(energy)
    smooth = np.convolve(energy, np.ones(4) / 4, mode="same")
    rise = np.zeros(count)
    rise[3:-3] = smooth[6:] - smooth[:-6]
    centre = np.rint(rough * RATE_HZ / step).astype(int)
    rows = np.clip(centre[:, None] + np.arange(-before, after)[None, :], 0, count - 1)
    best = rows[np.arange(len(rows)), rise[rows].argmax(axis=1)]
    return np.sort(best * step / RATE_HZ)


def _attack_energy(mono: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Log level of each `step` samples after a first difference, which keeps the attack and drops the bass."""
    count = len(mono) // step
    square = np.empty(count, dtype=np.float32)
    for first in range(0, count, CHUNK_STEPS):
        last = min(first + CHUNK_STEPS, count)
        part = mono[first * step : last * step]
        edge = np.diff(part, prepend=mono[max(first * step - 1, 0)])
        square[first:last] = (edge.reshape(-1, step) ** 2).mean(axis=1)
    return np.asarray(np.log(1e-6 + np.sqrt(square)))
