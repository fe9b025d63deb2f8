"""Beats of one tempo for the whole song (BeatDetector of Böck and Schedl 2011; specs 4.1)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMOOTH_SECONDS = 0.14
SLOWEST_BPM, FASTEST_BPM = 40.0, 250.0
HISTOGRAM_BINS = 9
ASIDE = 0.2  # of an interval: how far from where it is expected a beat is looked for


def decode(activation: NDArray[np.floating], fps: float = 100.0) -> Floats:
    """Beat times in seconds from a beat activation (frames,); none where the song is shorter than one slow beat."""
    if len(activation) <= round(60 * fps / SLOWEST_BPM):
        return np.empty(0)
    heard = smooth(np.asarray(activation, dtype=np.float64), fps)
    return steady_beats(heard, interval(heard, fps)) / fps


def smooth(activation: Floats, fps: float) -> Floats:
    """The activation (frames,) averaged over 140 ms."""
    window = np.hamming(2 * round(SMOOTH_SECONDS * fps / 2) + 1)
    return np.convolve(activation, window / window.sum(), "same")


def interval(heard: Floats, fps: float) -> int:
    """Frames from beat to beat: the strongest lag of the autocorrelation of (frames,), 40 to 250 beats a minute."""
    shortest, longest = round(60 * fps / FASTEST_BPM), round(60 * fps / SLOWEST_BPM)
    spectrum = np.abs(np.fft.rfft(heard, 2 * len(heard))) ** 2
    strength = np.fft.irfft(spectrum)[shortest : longest + 1]
    window = np.hamming(HISTOGRAM_BINS)
    return shortest + int(np.convolve(strength, window, "same").argmax())


def steady_beats(heard: Floats, step: int) -> Ints:
    """Frames of the beats about `step` frames apart, of the phase with the most activation (frames,) under its beats.

    From each of the possible first places on, a beat is where the activation is largest near the expected place, the
    more so the nearer; the next is expected a step later. All phases are followed at once.
    """
    aside = max(1, round(ASIDE * step))
    reach = np.arange(-aside, aside + 1)
    near = np.hamming(len(reach))
    padded = np.pad(heard, aside)
    expected = np.arange(step)
    total, found = np.zeros(step), []
    while (expected < len(heard)).any():
        inside = expected < len(heard)
        at = np.where(inside, expected, 0)
        seen = padded[at[:, None] + reach + aside] * near
        best = seen.argmax(axis=1)
        # In silence the beat stays where it is expected.
        at = np.where(seen.max(axis=1) > 0, np.clip(at + reach[best], 0, len(heard) - 1), at)
        total += np.where(inside, heard[at], 0.0)
        found.append(np.where(inside, at, -1))
        expected = np.where(inside, at + step, len(heard))
    beats = np.array(found)[:, total.argmax()]
    return np.asarray(beats[beats >= 0])
