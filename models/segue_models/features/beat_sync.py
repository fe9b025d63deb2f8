"""What is heard on each beat, for downbeats (Krebs et al. 2016; specs 4.2): drums in quarters, harmony in halves of it.

The harmony is chroma from the logarithm of the power of each semitone ("CLP"). The semitone filters have no phase and
are as sharp as a semitone down to the lowest note, so they are made from one transform of the whole recording.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segue_models.features._beat_spectra import log_spectrogram, rise, rise_lag
from segue_models.signal.frames import BEAT_FPS, BEAT_HOP, RATE_HZ, frame_count

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

WINDOW, BANDS_PER_OCTAVE = 2048, 6
QUARTERS, HALVES = 4, 2
BANDS = 45
PERCUSSIVE, HARMONIC = 180, 24
LEAD_IN_SECONDS, EARLIEST_SECONDS = 0.02, 0.05
NOTES = range(21, 109)  # MIDI, 27.5 Hz to 4186 Hz
SLOW_HZ = 12_000  # enough for the highest note; a whole number of samples a frame
COMPRESSION, FAINTEST = 100.0, 0.001
ENERGY_SAMPLES = 4410.0  # the energy of a note is that of 200 ms at 22.05 kHz, as where the compression comes from
PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    "name": "beat_sync", "percussive": PERCUSSIVE, "harmonic": HARMONIC, "fps": BEAT_FPS, "rate_hz": RATE_HZ,
    "window": WINDOW, "compression": COMPRESSION,
}  # fmt: skip


def extract(mono: F32, threads: int = 2) -> F32:
    """Mono samples (n,) at 44.1 kHz to (frames, 57) at 100 fps: 45 log bands, then the chroma."""
    return np.hstack([log_spectrogram(mono, WINDOW, BANDS_PER_OCTAVE, threads), chroma(mono)])


def of_beats(heard: F32, times: Floats) -> F32:
    """Frames of `extract` and beats in seconds to (beats - 1, 204): rises of the bands in quarters, chroma in halves.

    Raises ValueError where `times` are not at least two ascending beats.
    """
    drums = on_beats(rise(heard[:, :BANDS], rise_lag(WINDOW)), times, QUARTERS)
    return np.hstack([drums, on_beats(heard[:, BANDS:], times, HALVES)])


def on_beats(features: F32, times: Floats, parts: int) -> F32:
    """Mean of features (frames, n) at 100 fps in each of `parts` equal parts of each beat: (beats - 1, parts * n).

    A part begins up to 50 ms early, so that what is played a little before the beat counts to it.
    """
    if len(times) < 2 or np.any(np.diff(times) <= 0):
        raise ValueError("features on beats need at least two beats, each after the one before")
    starts = np.empty(len(times))
    starts[0] = times[0] - LEAD_IN_SECONDS
    starts[1:] = times[1:] - np.minimum(np.diff(times) / 2 / parts, EARLIEST_SECONDS)
    edges = np.interp(np.arange((len(times) - 1) * parts + 1) / parts, np.arange(len(times)), starts)
    first = np.clip(np.rint(edges * BEAT_FPS).astype(np.int64), 0, len(features) - 1)
    after = np.maximum(first[1:], first[:-1] + 1)
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    means = (sums[after] - sums[first[:-1]]) / (after - first[:-1])[:, None]
    return means.reshape(len(times) - 1, -1).astype(np.float32)


def chroma(mono: F32) -> F32:
    """Chroma (frames, 12) at 100 fps, C first, of length 1, or 0 where next to nothing sounds."""
    out = np.zeros((frame_count(len(mono), BEAT_HOP), 12), np.float32)
    for note, power in zip(NOTES, semitone_powers(mono), strict=True):
        out[:, note % 12] += np.log1p(COMPRESSION * ENERGY_SAMPLES * power)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.where(length > FAINTEST, out / np.maximum(length, FAINTEST), 0.0).astype(np.float32)


def semitone_powers(mono: F32) -> Iterator[F32]:
    """Power (frames,) at 100 fps of each of NOTES in turn; that of a sine between two notes is shared by them."""
    import soxr
    from scipy.fft import ifft, next_fast_len, rfft

    frames = frame_count(len(mono), BEAT_HOP)
    spanned = next_fast_len(frames + round(BEAT_FPS))  # a second of silence keeps the end out of the beginning
    hop = round(SLOW_HZ / BEAT_FPS)
    spectrum = rfft(soxr.resample(mono, RATE_HZ, SLOW_HZ), spanned * hop)
    for note in NOTES:
        centre_hz = 440.0 * 2 ** ((note - 69) / 12)
        semitone = 2 ** (1 / 12)
        low, high = (int(hz * len(spectrum) * 2 / SLOW_HZ) + 1 for hz in (centre_hz / semitone, centre_hz * semitone))
        off = 12 * np.log2(np.arange(low, high) / len(spectrum) / 2 * SLOW_HZ / centre_hz)
        band = spectrum[low:high] * np.cos(np.pi / 2 * off).astype(np.float32)
        finer = -(-(high - low) // spanned)  # samples a frame that hold all the band has to say
        envelope = ifft(band, spanned * finer) * np.float32(finer / hop)
        power = 2 * (envelope.real**2 + envelope.imag**2)
        yield np.roll(power, finer // 2).reshape(spanned, finer).mean(axis=1)[:frames]
