"""What a user likes: a change of the last layer of a network of cuts, learned from few marks. No torch here.

The log odds of a cut are linear in what the last layer hears, so learning is a logistic regression: it has one best
answer, which does not hang on a seed, and takes a second. Deeper layers were tried and gave no more on new songs.

Marks are no fair sample: rejected cuts are those the network scored high, added ones those it scored low, and a
network that learns from them alone turns its scores around. So all other onsets of the song are held where they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from segue_models.corpora.user import Mark, Recording
from segue_models.serving.model_card import Calibration
from segue_models.training.examples import ROLES

Floats = NDArray[np.float64]

UNMARKED = 0.1  # weight of an onset without a mark: it keeps the score it had
ANCHOR = 100.0  # pull of each weight towards the one it came from
DOWNBEAT = 20.0  # one input against some hundred weak ones: it is held more loosely
SNAP_S = 0.05  # a marker this near to an onset means it


@dataclass(frozen=True)
class MarkedSong:
    """One song with marks, as the network hears it.

    times: (onsets,) seconds; hidden: (onsets, channels) input of the last layer, read out as served; log_odds:
    (onsets, 2) served, not calibrated, in the order of ROLES; liked, weight: (onsets, 2) of the marks, weight 0 where
    there is none; shown: (onsets, 2) Segue chose this cut, not the user; on_downbeat: (onsets,) it opens a bar.
    """

    name: str
    times: Floats
    hidden: Floats
    log_odds: Floats
    liked: NDArray[np.bool_]
    weight: Floats
    shown: NDArray[np.bool_]
    on_downbeat: NDArray[np.bool_]


@dataclass(frozen=True)
class Preference:
    """What is added to the log odds of each role, before calibration.

    hidden @ weights[role] + bias[role], and downbeat[role] where a bar begins.
    """

    weights: dict[str, Floats]
    bias: dict[str, float]
    downbeat: dict[str, float]

    def log_odds(self, song: MarkedSong, role: str) -> Floats:
        """Uncalibrated log odds (onsets,) of one role."""
        before = song.log_odds[:, ROLES.index(role)]
        added = song.hidden @ self.weights[role] + self.bias[role] + self.downbeat[role] * song.on_downbeat
        return np.asarray(before + added)


def onsets_with(found: Floats, marks: Sequence[Mark]) -> Floats:
    """The onsets of a song in seconds, and the places of marks that have none near."""
    alone = [m.time for m in marks if not len(found) or np.abs(found - m.time).min() > SNAP_S]
    return np.union1d(found, np.array(alone, dtype=np.float64))


def placed(recording: Recording, onsets: Floats) -> tuple[NDArray[np.bool_], Floats, NDArray[np.bool_]]:
    """liked, weight and shown (onsets, 2) of a recording, each at its onset; liked comes before disliked.

    What has no onset near, such as a mark behind the end, is left out.
    """
    liked, shown = np.zeros((len(onsets), 2), bool), np.zeros((len(onsets), 2), bool)
    weight = np.zeros((len(onsets), 2))

    def at(role: str, time: float) -> tuple[NDArray[np.bool_], int]:
        gaps = np.abs(onsets - time)
        return (gaps <= SNAP_S) & (gaps == gaps.min(initial=np.inf)), ROLES.index(role)

    for role, time in recording.shown:
        shown[at(role, time)] = True
    for mark in sorted(recording.marks, key=lambda m: (m.liked, m.weight)):
        here = at(mark.role, mark.time)
        liked[here], weight[here], shown[here] = mark.liked, mark.weight, not mark.own
    return liked, weight, shown


def learn(songs: Sequence[MarkedSong], calibration: dict[str, Calibration]) -> Preference:
    """The taste of the songs' marks; `calibration` is that of the network as it was."""
    weights, bias, downbeat = {}, {}, {}
    for column, role in enumerate(ROLES):
        hidden = np.concatenate([s.hidden for s in songs])
        on_downbeat = np.concatenate([s.on_downbeat for s in songs])
        inputs = np.column_stack([hidden, np.ones(len(hidden)), DOWNBEAT * on_downbeat])
        given = calibration.get(role, Calibration())
        target, weight = wanted(songs, role, given)
        before = np.concatenate([s.log_odds[:, column] for s in songs])
        change = regression(given.slope * inputs, given.slope * before + given.offset, target, weight)
        weights[role], bias[role], downbeat[role] = change[:-2], float(change[-2]), DOWNBEAT * float(change[-1])
    return Preference(weights, bias, downbeat)


def wanted(songs: Sequence[MarkedSong], role: str, calibration: Calibration) -> tuple[Floats, Floats]:
    """What each onset should be scored, 0 to 1, and how much it counts: (onsets,) of all songs."""
    column = ROLES.index(role)
    liked = np.concatenate([s.liked[:, column] for s in songs])
    weight = np.concatenate([s.weight[:, column] for s in songs])
    served = calibration.slope * np.concatenate([s.log_odds[:, column] for s in songs]) + calibration.offset
    marked = weight > 0
    return np.where(marked, liked, probability(served)), np.where(marked, weight, UNMARKED)


def regression(inputs: Floats, before: Floats, target: Floats, weight: Floats, anchor: float = ANCHOR) -> Floats:
    """The change (channels,) of the weights for which `before + inputs @ change` fits the targets best."""

    def loss(change: Floats) -> tuple[float, Floats]:
        z = before + inputs @ change
        value = weight @ (np.logaddexp(0.0, z) - target * z) + anchor / 2 * change @ change
        return float(value), inputs.T @ (weight * (probability(z) - target)) + anchor * change

    def curvature(change: Floats) -> Floats:
        p = probability(before + inputs @ change)
        return np.asarray((inputs * (weight * p * (1 - p))[:, None]).T @ inputs + anchor * np.eye(inputs.shape[1]))

    best = minimize(loss, np.zeros(inputs.shape[1]), jac=True, hess=curvature, method="trust-exact")
    return np.asarray(best.x)


def probability(log_odds: Floats) -> Floats:
    """Of log odds."""
    return np.asarray(0.5 * (1.0 + np.tanh(log_odds / 2)))
