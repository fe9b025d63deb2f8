"""Music that moves: the beats of a song at a steady tempo, bent by tempo curves drawn at random."""

import numpy as np

from segue_models.rendering.notes import Floats
from segue_models.signal.frames import BeatGrid

Rng = np.random.Generator
KINDS = ("constant", "jumps", "drift", "rubato")
DRIFT = 0.03  # share of the tempo, to either side
PHRASE_BARS = 4


def bent(grid: BeatGrid, kind: str, rng: Rng) -> BeatGrid:
    """The same beats, the first where it was, in the time of one of KINDS. Raises KeyError for another kind.

    jumps: two new tempi, each at a bar line, 0.75 to 1.3 times the first; drift: slowly up and down by DRIFT; rubato:
    phrases that hasten and hold back, some of which rest on their last beat.
    """
    curve = {"constant": _constant, "jumps": _jumps, "drift": _drift, "rubato": _rubato}[kind]
    periods = np.diff(grid.times) * curve(grid, rng)
    return BeatGrid(grid.times[0] + np.concatenate([[0.0], np.cumsum(periods)]), grid.positions, grid.beats_per_bar)


def _constant(grid: BeatGrid, rng: Rng) -> Floats:
    return np.ones(len(grid.times) - 1)


def _jumps(grid: BeatGrid, rng: Rng) -> Floats:
    bars = np.flatnonzero(grid.positions == 1)
    at = [bars[round(len(bars) * float(rng.uniform(*part)))] for part in ((0.25, 0.45), (0.55, 0.75))]
    factors = [1.0]
    while len(factors) < 3:
        factor = float(rng.uniform(0.75, 1.3))
        if abs(np.log(factor / factors[-1])) > np.log(1.06):
            factors.append(factor)
    return 1 / np.array(factors)[np.searchsorted(at, np.arange(len(grid.times) - 1), side="right")]


def _drift(grid: BeatGrid, rng: Rng) -> Floats:
    slow = 2 * np.pi * (grid.times[:-1] / float(rng.uniform(25, 60)) + float(rng.random()))
    return np.asarray(1 + DRIFT * np.sin(slow))


def _rubato(grid: BeatGrid, rng: Rng) -> Floats:
    count = len(grid.times) - 1
    first = int(np.argmax(grid.positions == 1))
    out, phrase = np.ones(count), PHRASE_BARS * grid.beats_per_bar
    depth = float(rng.uniform(0.15, 0.6))
    for end in range(first + phrase, count + 1, phrase):
        through = np.linspace(0, 1, phrase)
        out[end - phrase : end] *= 1 - depth / 4 * np.sin(np.pi * through)  # the middle of a phrase goes on
        held = int(rng.integers(2, grid.beats_per_bar + 2))
        out[end - held : end] *= 1 + depth * np.linspace(0.3, 1.0, held) * float(rng.uniform(0.3, 1.0))
        if rng.random() < 0.25:
            out[end - 1] *= float(rng.uniform(1.4, 2.2))
    return np.asarray(out * np.exp(rng.normal(0, 0.015, count)))
