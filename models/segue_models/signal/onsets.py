"""Note onsets in seconds: peaks of the spectral flux, moved in the waveform to where the rise begins, as cuts need."""

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import FPS, RATE_HZ
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

MEAN_FRAMES = 4  # to each side: the flux that a peak must stand out from
THRESHOLD = 0.14  # above that mean, in units of the song's own spread of flux
APART_SECONDS = 0.05
STEP = 64  # samples, 1.5 ms: resolution of the energy in which a rise is placed
CHUNK_STEPS = 4096  # worked on at a time: a difference of a whole song would be as large as the song
BEGIN = 0.2  # of a rise in level: where it is taken to begin


def detect(front: FrontEnd, mono: F32) -> Floats:
    """Onset times (onsets,) in seconds, sorted, at least 50 ms apart; `mono` (n,) is what `front` heard."""
    flux = np.maximum(np.diff(front.gammatone, axis=0, prepend=front.gammatone[:1]), 0.0).mean(axis=1, dtype=np.float64)
    spread = float(flux[front.sounding].std()) if front.sounding.any() else 0.0
    if spread < 1e-6:
        return np.empty(0)
    width = 2 * MEAN_FRAMES + 1
    mean = np.convolve(np.pad(flux, MEAN_FRAMES, mode="edge"), np.full(width, 1 / width), "valid")
    padded = np.pad(flux, 1)
    highest = np.maximum(flux, np.maximum(padded[:-2], padded[2:]))
    peaks = np.flatnonzero((flux == highest) & (flux > mean + THRESHOLD * spread) & front.sounding)
    return _apart(_place(peaks / FPS, mono))


def _place(rough: Floats, mono: F32) -> Floats:
    """Move each time, which is known to a frame, to the beginning of the steepest rise of short-time energy near it."""
    count = len(mono) // STEP
    if not len(rough) or count < 13:
        return np.empty(0)
    level = _level(mono)
    rise = np.zeros(count)
    rise[6:-6] = level[12:] - level[:-12]
    # Mostly the flux sees a note half a frame after it began; a click out of silence it sees half a frame before.
    offsets = np.arange(-24, 16)
    near = np.clip(np.rint(rough[:, None] * RATE_HZ / STEP).astype(np.int64) + offsets, 0, count - 1)
    likely = np.exp(-0.5 * ((offsets + 8) / 8.0) ** 2)
    steepest = near[np.arange(len(near)), (np.maximum(rise[near], 0.0) * likely).argmax(axis=1)]
    around = np.clip(steepest[:, None] + np.arange(-16, 6), 0, count - 1)
    values = level[around]
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    quiet = values < low + BEGIN * (high - low)
    last = np.where(quiet.any(axis=1), quiet.shape[1] - 1 - quiet[:, ::-1].argmax(axis=1), 0)
    begin = around[np.arange(len(around)), last] + 1
    return np.sort(begin * STEP / RATE_HZ)


def _level(mono: F32) -> Floats:
    """Log level of every STEP samples, smoothed; the first difference keeps the attack and drops the bass."""
    count = len(mono) // STEP
    square = np.empty(count)
    for first in range(0, count, CHUNK_STEPS):
        checkpoint()
        last = min(first + CHUNK_STEPS, count)
        part = mono[first * STEP : last * STEP]
        edge = np.diff(part, prepend=mono[max(first * STEP - 1, 0)])
        square[first:last] = (edge.reshape(-1, STEP) ** 2).mean(axis=1)
    return np.convolve(np.log(1e-6 + np.sqrt(square)), np.full(4, 0.25), "same")


def _apart(times: Floats) -> Floats:
    """Of times closer than APART_SECONDS to the one kept before, keep the first."""
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] >= APART_SECONDS:
            kept.append(float(time))
    return np.array(kept)
