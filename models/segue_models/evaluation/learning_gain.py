"""Whether a learned taste is worth having: on each song, by what was learned from the user's other songs.

Where Segue chose the cuts (kept, rejected), a kept one should come before the rejected ones of its song; where the user
chose (added, moved, marked by hand), it should come before the onsets that nobody chose. The two are not mixed: an
added cut was scored low and a rejected one high, or they would not be there, and a network that turned its scores
around would look good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from segue_models.serving.model_card import Calibration
from segue_models.training.examples import ROLES
from segue_models.training.preference import MarkedSong, Preference, learn, probability, regression, wanted

Floats = NDArray[np.float64]

FOLDS = 10
# Of simulated users without a taste (tests/bridge/measure_learn.py) so few get a network: 1 in 20 with five songs.
LEAST_MARKS, LEAST_SONGS = 60, 5
MARGIN = 0.025  # of the AUC
SIGMAS = 2.0  # by which the gain must exceed its own standard error


@dataclass(frozen=True)
class LearningGain:
    """auc, log_loss: (shipped, learned) on left-out songs; error: standard error of the gain of AUC.

    marks: judged in comparisons; calibration: of the learned network, from left-out songs.
    """

    songs: int
    marks: int
    auc: tuple[float, float]
    error: float
    log_loss: tuple[float, float]
    calibration: dict[str, Calibration]

    @property
    def enough(self) -> bool:
        """Whether there are marks enough to judge by."""
        return self.marks >= LEAST_MARKS and self.songs >= LEAST_SONGS

    @property
    def better(self) -> bool:
        """Whether the learned network should serve."""
        gain = self.auc[1] - self.auc[0]
        return self.enough and gain >= max(MARGIN, SIGMAS * self.error) and self.log_loss[1] < self.log_loss[0]


def offer(songs: Sequence[MarkedSong], calibration: dict[str, Calibration]) -> LearningGain:
    """Judge the network whose scores `calibration` calibrates against what is learned from all songs but one fold."""
    held = _held_out(songs, calibration)
    rows = [row for i, song in enumerate(songs) for row in _compared(i, song, held[i])]
    table = np.array(rows).reshape(-1, 4)
    new = {role: _recalibrated(songs, held, role, calibration.get(role, Calibration())) for role in ROLES}
    before, after, error = _means(table)
    losses = _losses(songs, held, calibration, new)
    compared = {int(i) for i in table[:, 0]}
    marks = sum(int((songs[i].weight > 0).sum()) for i in compared)
    return LearningGain(len(compared), marks, (before, after), error, losses, new)


def _held_out(songs: Sequence[MarkedSong], calibration: dict[str, Calibration]) -> list[Floats]:
    """Log odds (onsets, 2) of each song by the taste of songs of other folds."""
    folds = min(FOLDS, len(songs))
    tastes = [
        learn([s for i, s in enumerate(songs) if i % folds != fold], calibration) if folds > 1 else None
        for fold in range(folds)
    ]
    return [_scored(song, tastes[i % folds]) for i, song in enumerate(songs)]


def _scored(song: MarkedSong, taste: Preference | None) -> Floats:
    return song.log_odds if taste is None else np.column_stack([taste.log_odds(song, role) for role in ROLES])


def _compared(number: int, song: MarkedSong, held: Floats) -> list[tuple[float, float, float, float]]:
    """(song, pairs' weight, AUC as served, AUC as learned) of every comparison that the marks of a song allow."""
    rows = []
    for column, shown in product(range(len(ROLES)), (True, False)):
        liked, weight, same = song.liked[:, column], song.weight[:, column], song.shown[:, column] == shown
        good = np.flatnonzero(same & (weight > 0) & liked)
        bad = np.flatnonzero(same & ((weight > 0) & ~liked if shown else weight == 0))
        if len(good) and len(bad):
            costs = weight[bad] if shown else np.ones(len(bad))
            worth = float(weight[good].sum() * costs.sum() / (weight[good].sum() + costs.sum()))
            before, after = (_ahead(z[good, column], z[bad, column], costs) for z in (song.log_odds, held))
            rows.append((float(number), worth, before, after))
    return rows


def _ahead(good: Floats, bad: Floats, costs: Floats) -> float:
    """How often a good cut comes before a bad one, ties half: the AUC."""
    order = np.sign(good[:, None] - bad[None, :])
    return float(((order + 1) / 2 @ costs).mean() / costs.sum())


def _means(table: Floats) -> tuple[float, float, float]:
    """Mean AUC as served and as learned, and the standard error of their difference by what songs differ."""
    if not len(table):
        return float("nan"), float("nan"), float("nan")
    number, worth, before, after = table.T
    means = (float(worth @ before / worth.sum()), float(worth @ after / worth.sum()))
    apart = worth * (after - before - (means[1] - means[0]))
    groups = np.array([apart[number == n].sum() for n in np.unique(number)])
    many = len(groups) / max(len(groups) - 1, 1)
    return *means, float(np.sqrt(many * (groups**2).sum()) / worth.sum())


def _recalibrated(songs: Sequence[MarkedSong], held: Sequence[Floats], role: str, old: Calibration) -> Calibration:
    z = np.concatenate([h[:, ROLES.index(role)] for h in held])
    target, weight = wanted(songs, role, old)
    change = regression(np.column_stack([z, np.ones(len(z))]), old.slope * z + old.offset, target, weight, 0.0)
    slope, offset = old.slope + float(change[0]), old.offset + float(change[1])
    return Calibration(round(slope, 4), round(offset, 4), tuple(song.name for song in songs))


def _losses(
    songs: Sequence[MarkedSong], held: Sequence[Floats], old: dict[str, Calibration], new: dict[str, Calibration]
) -> tuple[float, float]:
    """Log loss of the marks as served and as learned."""
    out = []
    for scored, by in (([s.log_odds for s in songs], old), (held, new)):
        total = weight = 0.0
        for (column, role), (song, z) in product(enumerate(ROLES), zip(songs, scored, strict=True)):
            c = by.get(role, Calibration())
            p = np.clip(probability(c.slope * z[:, column] + c.offset), 1e-6, 1 - 1e-6)
            each = -np.log(np.where(song.liked[:, column], p, 1 - p))
            total, weight = total + float(song.weight[:, column] @ each), weight + float(song.weight[:, column].sum())
        out.append(total / max(weight, 1e-9))
    return out[0], out[1]
