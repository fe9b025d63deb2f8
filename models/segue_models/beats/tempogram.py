"""Local tempo, but for its octave: at what rate beats, half beats and quarter beats recur around each moment of a song.

A tempogram (Grosche and Müller 2011) of harmonic sums (Schroeder 1968), in units of chance: the power of noise at any
rate has mean 1. A path through it is found exactly; where sections are played in different tempi it jumps.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint

Floats = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 38.0, 232.0
TEMPI_BPM = np.geomspace(SLOWEST_BPM, FASTEST_BPM, 360)  # 0.5 % from one to the next
HARMONICS = (1, 2, 4)  # beats, half beats, quarter beats: a song's tempo has them all, two thirds of it has none
WINDOW_SECONDS, HOP_SECONDS = 12.0, 1.0
PADDING = 4  # times the window, for a fine spectrum
REACH, STEP_COST, JUMP_COST = 3, 0.15, 4.0  # tempi a path may move by in a hop, at what cost each, or else anywhere
LOWEST, HIGHEST = 0.7, 1.42  # of the tempo in its middle, that a path may reach: less than an octave
CENTRES_BPM = tuple(np.geomspace(60.0, 180.0, 13))
USUAL_BPM, USUAL_WEIGHT = 110.0, 0.1  # of a path that could as well be an octave or a third away
EXACT_BEATS = 2.0  # an exact tempo lies within so many beats of a song of the one heard before


@dataclass(frozen=True)
class Curve:
    """Tempo at times HOP_SECONDS apart from 0 on; evidence: (times,) how far above chance it recurs, 1 is chance.

    busy: (times,) how much begins around each, in units of its mean over the song.
    """

    bpm: Floats
    evidence: Floats
    busy: Floats

    @property
    def times(self) -> Floats:
        """Seconds."""
        return np.asarray(np.arange(len(self.bpm)) * HOP_SECONDS, dtype=np.float64)

    def octave_near(self, bpm: float) -> "Curve":
        """The same curve in the octave whose middle is `bpm`."""
        octaves = round(float(np.log2(np.median(self.bpm) / bpm)))
        return self.times_as_fast(2.0**-octaves)

    def times_as_fast(self, factor: float) -> "Curve":
        """The same curve at another tempo."""
        return replace(self, bpm=self.bpm * factor)


def curve(strength: Floats, fps: float, sounding: NDArray[np.bool_]) -> Curve:
    """The tempo around each second of a song, from how strong a beat or onset each frame is, (frames,)."""
    (recurs, busy), bpm, centres = power(strength, fps, sounding), TEMPI_BPM, np.array(CENTRES_BPM)
    heard = np.log1p(recurs)  # so that no loud moment outweighs the others
    # A path for each centre, within less than an octave; as many tempi for each, so that all are found at once.
    width = int(np.log(HIGHEST / LOWEST) / np.log(bpm[1] / bpm[0]))
    lowest = np.searchsorted(bpm, centres * LOWEST)
    open_ = np.minimum(lowest, len(bpm) - width)[:, None] + np.arange(width)
    paths, totals = _paths(heard[:, open_])
    best = int(np.argmax(totals - USUAL_WEIGHT * len(recurs) * np.log2(centres / USUAL_BPM) ** 2))
    chosen = open_[best][paths[best]]
    return Curve(bpm[chosen], recurs[np.arange(len(recurs)), chosen], busy)


def power(strength: Floats, fps: float, sounding: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How far above chance each tempo recurs around each second, (seconds, tempi), and how busy it is, (seconds,)."""
    x = centred(strength, sounding)
    size, hop = round(WINDOW_SECONDS * fps), round(HOP_SECONDS * fps)
    window = np.hanning(size)
    padded = np.pad(x, size // 2)
    starts = np.arange(len(x) // hop + 1) * hop
    chance = np.square(x).sum() / max(np.count_nonzero(sounding), 1) * np.square(window).sum()
    length = 1 << int(np.ceil(np.log2(size * PADDING)))
    hz = np.arange(length // 2 + 1) * fps / length
    out, busy = np.empty((len(starts), len(TEMPI_BPM))), np.empty(len(starts))
    for i, start in enumerate(starts):
        if i % 64 == 0:
            checkpoint()
        seen = padded[start : start + size] * window
        busy[i] = np.square(seen).sum() / max(chance, 1e-12)
        spectrum = np.abs(np.fft.rfft(seen, length)) ** 2 / max(chance, 1e-12)
        out[i] = sum(np.interp(TEMPI_BPM / 60 * harmonic, hz, spectrum) for harmonic in HARMONICS)
    return out, busy


def exact(strength: Floats, fps: float, sounding: NDArray[np.bool_], bpm: float) -> tuple[float, float]:
    """The one tempo near `bpm` that recurs most over the whole song, and how far above chance it does."""
    x = centred(strength, sounding)
    length = 1 << int(np.ceil(np.log2(len(x) * 2 * PADDING)))
    spectrum = np.abs(np.fft.rfft(x, length)) ** 2 / max(float(np.square(x).sum()), 1e-12)
    hz = np.arange(len(spectrum)) * fps / length
    near = bpm * (1 + np.linspace(-1, 1, 801) * max(EXACT_BEATS / (len(x) / fps * bpm / 60), 0.02))
    total = sum(np.interp(near / 60 * harmonic, hz, spectrum) for harmonic in HARMONICS)
    found = int(np.argmax(total))
    return float(near[found]), float(np.asarray(total)[found])


def centred(strength: Floats, sounding: NDArray[np.bool_]) -> Floats:
    """Without its mean, and without what is silent."""
    return np.where(sounding, strength - strength[sounding].mean(), 0.0)


def _paths(heard: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The best path through (times, centres, tempi) for each centre, (centres, times), and its sum (Viterbi)."""
    times, centres, count = heard.shape
    row, at = np.arange(centres)[:, None], np.arange(count)
    best = heard[0].copy()
    back = np.empty(heard.shape, np.int16)
    for i in range(1, times):
        if i % 64 == 0:
            checkpoint()
        top = best.argmax(axis=1)[:, None]
        gain, source = best[row, top] - JUMP_COST + np.zeros(count), top + np.zeros(count, np.int64)
        for move in range(-REACH, REACH + 1):
            others = np.clip(at - move, 0, count - 1)
            moved = best[:, others] - STEP_COST * abs(move)
            better = moved > gain
            gain, source = np.where(better, moved, gain), np.where(better, others, source)
        back[i], best = source, gain + heard[i]
    paths = np.empty((centres, times), np.int64)
    paths[:, -1] = best.argmax(axis=1)
    for i in range(times - 1, 0, -1):
        paths[:, i - 1] = back[i, row[:, 0], paths[:, i]]
    return paths, best.max(axis=1)
