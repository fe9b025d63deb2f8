"""Which tatums are beats, how many beats make a bar and where bars begin, decided by all sections of a song together.

Every reading of the tatums is judged by what is heard on its beats and downbeats, and elsewhere, and by how alike the
music is a bar later; a conditional logit (McFadden 1974) weighs that, fitted by `training/metre_fit.py`. By the same
evidence, bar for bar, the metre of the best one may change from section to section (`bar_path.py`).
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import bar_path
from segue_models.beats.tatum_features import LONGEST_BAR, LOW_BANDS, Heard, change, hear, standard
from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import BeatGrid
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

TATUMS = (1, 2, 3, 4, 6)  # a beat
METRES = (2, 3, 4, 5, 6, 7)  # beats a bar
SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0  # of a beat
USUAL_BPM, USUAL_BAR_SECONDS = (80.0, 160.0), 2.0
PIECE = 32  # tatums
ONE_SIDED = 0.05  # what a piece counts in which either the beats or the half beats are not heard at all
WEIGHTS = {
    "beats heard": 0.55, "over half beats": 0.85, "over quarter beats": -0.08, "every other beat heard": -0.34,
    "onsets over half beats": 0.86, "over quarter beats, onsets": 0.71, "every other beat's onsets": -0.78,
    "bass over half beats": 1.09, "chords on beats": 5.21, "timbre on beats": 2.39, "downbeats heard": 1.26,
    "chords": 2.27, "timbre": 0.60, "low end": -0.26, "bass": 0.40, "onsets": -0.30, "alike a bar later": 1.88,
    "bar far from usual": -2.00, "octaves from usual tempi": -14.00, "in three": -0.51, "2 beats": -4.00,
    "3 beats": -0.92, "5 beats": -1.26, "6 beats": -3.38, "7 beats": -0.74,
}  # fmt: skip

OPENS = ("downbeats heard", "chords", "timbre", "low end", "bass", "onsets")  # what a bar line is heard by

_WEIGHTS = np.array(list(WEIGHTS.values()))


class Reading(NamedTuple):
    """tatums: of a beat; beats: of a bar; first: tatum of the first downbeat; evidence: of each of WEIGHTS."""

    tatums: int
    beats: int
    first: int
    evidence: Floats

    def agrees(self, other: "Reading") -> bool:
        """Whether its beats are those of the other, but for their octave."""
        few, many = sorted((self.tatums, other.tatums))
        return many % few == 0 and (self.first - other.first) % few == 0

    def grid(self, tatums: Floats) -> BeatGrid:
        """The beats among tatums (seconds), with their places in the bar."""
        times = tatums[self.first % self.tatums :: self.tatums]
        before = self.first // self.tatums  # beats before the first downbeat
        return BeatGrid(times, (np.arange(len(times)) - before) % self.beats + 1, self.beats)


def find(front: FrontEnd, tatums: Floats, heard: F32 | None = None) -> tuple[BeatGrid, float]:
    """The likeliest grid among tatums (seconds), and how likely its beats are right, but for their octave, 0..1.

    heard: (frames, 3) none, beat and downbeat at 100 frames a second. Too few tatums to tell are taken for half beats
    of bars of four.
    """
    all_heard = hear(front, tatums, heard)
    every = list(_readings(front, tatums, all_heard, METRES, TATUMS))
    if not every:
        return Reading(2, 4, 0, np.zeros(len(WEIGHTS))).grid(tatums), 1.0
    gains = np.array([reading.evidence for reading in every]) @ _WEIGHTS
    likely = np.exp(gains - gains.max())
    best = every[int(gains.argmax())]
    agree = np.array([reading.agrees(best) for reading in every])
    return _barred(front, tatums, all_heard, best, METRES), float(likely[agree].sum() / likely.sum())


def bars(front: FrontEnd, beats: Floats, heard: F32 | None = None, metres: Collection[int] = METRES) -> BeatGrid:
    """The likeliest bars over beats (seconds) that are known, two at least; too few are counted from the first."""
    halves = np.interp(np.arange(2 * len(beats) - 1) / 2, np.arange(len(beats)), beats)
    all_heard = hear(front, halves, heard)
    known = [r for r in _readings(front, halves, all_heard, metres, (2,)) if r.first % 2 == 0]
    if not known:
        return Reading(2, 4 if 4 in metres else min(metres), 0, np.zeros(len(WEIGHTS))).grid(halves)
    best = max(known, key=lambda reading: float(reading.evidence @ _WEIGHTS))
    return _barred(front, halves, all_heard, best, metres)


def readings(front: FrontEnd, tatums: Floats, heard: F32 | None) -> Iterator[Reading]:
    """All readings of the tatums (seconds) in tempi from SLOWEST_BPM to FASTEST_BPM."""
    return _readings(front, tatums, hear(front, tatums, heard), METRES, TATUMS)


def _readings(
    front: FrontEnd, tatums: Floats, heard: Heard, metres: Collection[int], parts: Collection[int]
) -> Iterator[Reading]:
    """All readings with `parts` tatums a beat."""
    known = np.isfinite(heard.alike)
    similar = np.where(known, heard.alike, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    similar[~known.any(axis=1)] = np.nan
    bpm = 60 / float(np.median(np.diff(tatums)))
    for per_beat in parts:
        if parts is TATUMS and not SLOWEST_BPM <= bpm / per_beat <= FASTEST_BPM:
            continue
        checkpoint()
        weight, chords, timbre = _turns(front, tatums, heard, per_beat)
        sparse = weight[::2]
        on_beat = _on_beat([heard.beat, heard.onsets, heard.bass], weight, per_beat)
        on_beat += [_apart(x, sparse, per_beat, 1) for x in (chords, timbre)]
        usual = float(np.clip(bpm / per_beat, *USUAL_BPM))
        octaves = abs(float(np.log2(bpm / per_beat / usual)))
        for beats in metres:
            bar = per_beat * beats
            if not _fits(bar, tatums):
                continue
            low = standard(change(front.gammatone[:, :LOW_BANDS], tatums, bar), sparse)
            opens = [_apart(x, sparse, bar, per_beat) for x in _opens(heard, chords, timbre, low)]
            length = float(np.log2(bar * 60 / bpm / USUAL_BAR_SECONDS))
            whole = [float(np.nanmean(similar[[bar, 2 * bar]])), length**2, octaves, float(per_beat % 3 == 0)]
            whole += [float(beats == 2 and per_beat % 3 > 0), *(float(beats == m) for m in (3, 5, 6, 7))]
            for first in range(bar):
                evidence = [x[first % per_beat] for x in on_beat] + [x[first] for x in opens] + whole
                yield Reading(per_beat, beats, first, np.nan_to_num(np.array(evidence)))


def _fits(bar: int, tatums: Floats) -> bool:
    """Whether the tatums are enough to hear bars of so many."""
    return bar <= min(LONGEST_BAR, len(tatums) // 4 - 1)


def _turns(front: FrontEnd, tatums: Floats, heard: Heard, per_beat: int) -> tuple[Floats, Floats, Floats]:
    """What each step counts, (2 * tatums,), and how much chords and timbre change at each tatum."""
    weight = heard.sounding * _balance(heard.onsets + np.exp(heard.beat) / (1 + np.exp(heard.beat)), per_beat)
    chords, timbre = (standard(change(x, tatums, 2 * per_beat), weight[::2]) for x in (front.chroma, front.timbre))
    return weight, chords, timbre


def _opens(heard: Heard, chords: Floats, timbre: Floats, low: Floats) -> tuple[Floats, ...]:
    """What each of OPENS is at each tatum."""
    return heard.down[::2], chords, timbre, low, heard.bass[::2], heard.onsets[::2]


def _barred(front: FrontEnd, tatums: Floats, heard: Heard, of: Reading, metres: Collection[int]) -> BeatGrid:
    """The beats of a reading in the likeliest bars, whose metre may change between sections."""
    at = np.arange(of.first % of.tatums, len(tatums), of.tatums)
    weight, chords, timbre = _turns(front, tatums, heard, of.tatums)
    sparse = weight[::2]
    low = standard(change(front.gammatone[:, :LOW_BANDS], tatums, of.tatums * of.beats), sparse)
    each = zip(OPENS, _opens(heard, chords, timbre, low), strict=True)
    opens = (np.sum([WEIGHTS[name] * x for name, x in each], axis=0) * sparse)[at] / max(float(sparse[at].mean()), 1e-9)
    before = np.append(0.0, np.cumsum(opens))
    bpm, edges = 60 / float(np.median(np.diff(tatums))), np.append(at, at[-1] + of.tatums)
    values = {}
    for beats in (m for m in metres if _fits(of.tatums * m, tatums) and m <= len(at)):
        bar = of.tatums * beats
        length = float(np.log2(bar * 60 / bpm / USUAL_BAR_SECONDS))
        usual = WEIGHTS["bar far from usual"] * length**2
        usual += WEIGHTS.get(f"{beats} beats", 0.0) if beats > 2 or of.tatums % 3 else 0.0
        alike = np.append(0.0, np.cumsum(np.nan_to_num(heard.alike[[bar, 2 * bar]]).mean(axis=0)))
        later = WEIGHTS["alike a bar later"] * alike[np.minimum(edges, len(alike) - 1)] / of.tatums
        begin = np.arange(len(at) - beats + 1)
        others = (before[begin + beats] - before[begin + 1]) / (beats - 1)
        values[beats] = beats * (opens[begin] - others + usual) + later[begin + beats] - later[begin]
    lines = bar_path.path(values, len(at))
    positions = (np.arange(len(at)) - lines[0][0]) % lines[0][1] + 1
    for first, beats in lines:
        positions[first : first + beats] = np.arange(beats)[: len(at) - first] + 1
    return BeatGrid(tatums[at], positions, int(np.bincount([beats for _, beats in lines]).argmax()))


def _on_beat(heard: list[Floats], weight: Floats, per_beat: int) -> list[Floats]:
    """What tells beats from half and quarter beats, and from every other one, each (per_beat,).

    heard: at tatums and between them, (2 * tatums,): what the network says, onsets, bass.
    """
    steps = 2 * per_beat
    at = 2 * np.arange(per_beat)
    parts = np.array([steps // 3, 2 * steps // 3]) if per_beat % 3 == 0 else np.array([per_beat])
    finer = np.array([per_beat]) if per_beat % 3 == 0 else np.array([per_beat // 2, 3 * per_beat // 2])
    out = []
    for kind, x in enumerate(heard):
        mean = _means(x, weight, steps)
        on, half, quarter = mean[at], *(mean[(at[:, None] + p) % steps].mean(axis=1) for p in (parts, finer))
        twice = _means(x, weight, 2 * steps)
        out += {0: [on], 1: [], 2: []}[kind] + [on - half]
        if kind < 2:
            out += [half - quarter, np.abs(twice[at] - twice[at + steps])]
    return out


def _balance(heard: Floats, per_beat: int) -> Floats:
    """What each step counts: less where of beats and half beats only one is heard, which does not tell which it is."""
    step = np.arange(len(heard))
    piece = step // (2 * PIECE)
    if per_beat == 3:
        return np.ones(len(heard))
    steps = 2 * per_beat
    means = np.zeros((piece[-1] + 1, steps))
    counts = np.zeros_like(means)
    np.add.at(means, (piece, step % steps), heard)
    np.add.at(counts, (piece, step % steps), 1.0)
    means /= np.maximum(counts, 1.0)
    sides = np.stack([means[:, :per_beat], means[:, per_beat:]])
    strongest = int(sides.sum(axis=(0, 1)).argmax())
    one, other = sides[:, :, strongest]
    return np.asarray((ONE_SIDED + np.minimum(one, other) / np.maximum(np.maximum(one, other), 1e-9))[piece])


def _means(x: Floats, weight: Floats, period: int) -> Floats:
    """Weighted mean at each place of a period, (period,)."""
    place = np.arange(len(x)) % period
    return np.asarray(np.bincount(place, x * weight, period) / np.maximum(np.bincount(place, weight, period), 1e-9))


def _apart(x: Floats, weight: Floats, period: int, step: int) -> Floats:
    """Weighted mean at each place of a period less that at the other places some steps away, (period,)."""
    place = np.arange(len(x)) % period
    sums, weights = (np.bincount(place, y, period) for y in (x * weight, weight))
    all_sums, all_weights = (np.tile(y.reshape(-1, step).sum(axis=0), period // step) for y in (sums, weights))
    here, there = (a / np.maximum(b, 1e-9) for a, b in ((sums, weights), (all_sums - sums, all_weights - weights)))
    return np.asarray(here - there)
