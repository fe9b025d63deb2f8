"""How late a recording follows the notes annotated for it: karaoke files are timed by hand and often early."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import stft

from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import END, PITCH, START, Floats
from segue_models.signal.frames import RATE_HZ

_HOP = 441  # samples, 10 ms
_HOP_S = _HOP / RATE_HZ


def curves(audio: Samples) -> tuple[Floats, Floats, Floats]:
    """Evidence of a voice every 10 ms: pitch classes (frames, 12), rise (frames,) and power (frames,) of its band."""
    f, _, z = stft(audio, RATE_HZ, nperseg=4096, noverlap=4096 - _HOP, padded=False)
    band = (f > 150) & (f < 3000)
    level = np.log1p(1000 * np.abs(z[band]))
    classes = np.rint(69 + 12 * np.log2(f[band] / 440)).astype(int) % 12
    chroma = np.stack([level[classes == c].mean(axis=0) for c in range(12)], axis=1)
    f, _, z = stft(audio, RATE_HZ, nperseg=1024, noverlap=1024 - _HOP, padded=False)
    level = np.log1p(1000 * np.abs(z[(f > 250) & (f < 4000)]))
    rise = np.maximum(np.diff(level, axis=1, prepend=level[:, :1]), 0).mean(axis=0)
    power = np.log(1e-6 + np.sum(np.abs(z[(f > 300) & (f < 3400)]) ** 2, axis=0))
    frames = min(len(chroma), len(rise))
    return chroma[:frames] - chroma[:frames].mean(axis=1, keepdims=True), rise[:frames], power[:frames]


def lag(audio: Samples, table: Floats, least: float = -0.3, most: float = 1.0) -> float:
    """Seconds (10 ms steps) to add to the notes (notes, 4) so that they fit the audio; positive: annotated too early.

    The shift at which three cross-correlations agree best, each as standard scores over all shifts: the pitch class of
    the notes with the spectrum's, their starts with the rise of the voice band, and their durations with its power.
    Raises ValueError without notes inside the audio.
    """
    chroma, rise, power = curves(audio)
    frames = len(rise)
    pitch, on, starts = np.zeros((frames, 12)), np.zeros(frames), np.zeros(frames)
    for row in table:
        first, last = round(row[START] / _HOP_S), round(row[END] / _HOP_S)
        if 0 <= first < frames:
            pitch[first : max(last, first + 1), int(row[PITCH]) % 12] = 1.0
            on[first : max(last, first + 1)] = 1.0
            starts[first] += 1.0
    if not on.any():
        raise ValueError("no note lies inside the audio: the annotation belongs to another recording")
    starts = np.convolve(starts, np.hanning(9), mode="same")
    shifts = np.arange(round(least / _HOP_S), round(most / _HOP_S) + 1)
    votes = _scores(pitch, chroma, shifts) + _scores(starts, rise, shifts) + _scores(on, power, shifts)
    return float(shifts[np.argmax(votes)] * _HOP_S)


def _scores(notes: Floats, sound: Floats, shifts: NDArray[np.int64]) -> Floats:
    notes, sound = notes - notes.mean(axis=0), sound - sound.mean(axis=0)
    frames = len(notes)
    raw = [np.sum(notes[max(0, -s) : frames - max(s, 0)] * sound[max(0, s) : frames + min(s, 0)]) for s in shifts]
    values = np.asarray(raw, dtype=np.float64)
    out: Floats = (values - values.mean()) / (values.std() + 1e-12)
    return out
