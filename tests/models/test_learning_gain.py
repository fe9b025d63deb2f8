from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from segue_models.evaluation import learning_gain as module
from segue_models.evaluation.learning_gain import offer
from test_preference import CALIBRATION, song

DIRECTION = np.array([1.0, -1.0, 0.5, 0, 0, 0])


def random_song(seed):
    """The same marks, liked by the fall of a coin, and some places of the user's own."""
    made, rng = song(seed, DIRECTION), np.random.default_rng(1000 + seed)
    own = (made.weight > 0) & (rng.random(made.weight.shape) < 0.3)
    liked = (made.weight > 0) & (own | (rng.random(made.weight.shape) < 0.5))
    return replace(made, liked=liked, shown=(made.weight > 0) & ~own)


def test_a_taste_is_offered_and_its_figures_are_those_of_left_out_songs():
    judged = offer([song(i, DIRECTION) for i in range(6)], CALIBRATION)
    assert judged.better and judged.songs == 6 and judged.marks == 6 * 60
    assert judged.auc[0] == pytest.approx(0.5, abs=0.06)
    assert judged.auc[1] > 0.65
    assert judged.log_loss[1] < judged.log_loss[0]
    assert judged.calibration["exit"].fitted_on == tuple(f"song {i}" for i in range(6))


def test_verdicts_without_a_taste_are_not_offered():
    accepted = [offer([random_song(10 * seed + i) for i in range(6)], CALIBRATION).better for seed in range(20)]
    assert sum(accepted) <= 1


def test_a_song_is_never_scored_by_what_was_learned_from_it(monkeypatch):
    songs = [song(i, DIRECTION) for i in range(12)]
    learned_from = []
    monkeypatch.setattr(module, "learn", lambda heard, c: learned_from.append([s.name for s in heard]) or _Says(heard))
    offer(songs, CALIBRATION)
    assert len(learned_from) == module.FOLDS
    assert all(sum(s.name not in names for names in learned_from) == 1 for s in songs)


class _Says:
    """A taste that fails on a song it was learned from."""

    def __init__(self, heard):
        self.names = [s.name for s in heard]

    def log_odds(self, song, role):
        assert song.name not in self.names
        return song.log_odds[:, 0]


def test_kept_cuts_are_compared_with_rejected_ones_of_their_song_alone():
    one = song(1, DIRECTION, marks=40)
    weighed = replace(one, weight=one.weight * np.where(one.liked, 1.0, 0.5))
    judged = offer([weighed, replace(song(2, DIRECTION), weight=np.zeros((200, 2)))], CALIBRATION)
    expected = [
        roc_auc_score(one.liked[at, c], one.log_odds[at, c]) for c, at in ((c, one.weight[:, c] > 0) for c in (0, 1))
    ]
    assert judged.songs == 1 and not judged.enough
    assert min(expected) <= judged.auc[0] <= max(expected)


def test_turning_the_scores_around_is_no_gain():
    """Added cuts were scored low, rejected ones high: compared with each other, a turned network would look perfect."""
    rng = np.random.default_rng(3)
    songs = []
    for i in range(6):
        made = song(i, DIRECTION, marks=0)
        order = np.argsort(made.log_odds[:, 0])
        liked, weight = np.zeros((200, 2), bool), np.zeros((200, 2))
        weight[order[-20:]] = 1.0
        liked[rng.choice(order[-20:], 10, replace=False)] = True  # kept at random
        added = rng.choice(order[:-20], 8, replace=False)
        weight[added], liked[added] = 1.0, True
        shown = np.zeros((200, 2), bool)
        shown[order[-20:]] = True
        both = np.repeat(made.log_odds[:, :1], 2, axis=1)
        hidden = np.column_stack([made.hidden, both])
        songs.append(replace(made, log_odds=both, hidden=hidden, liked=liked, weight=weight, shown=shown))
    assert not offer(songs, CALIBRATION).better


def test_no_comparison_is_not_enough():
    judged = offer([replace(song(1, DIRECTION), liked=np.zeros((200, 2), bool))], CALIBRATION)
    assert (judged.songs, judged.marks, judged.enough, judged.better) == (0, 0, False, False)
