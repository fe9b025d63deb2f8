from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from segue_models.corpora.user import Mark, Recording
from segue_models.serving.model_card import Calibration
from segue_models.training import preference
from segue_models.training.preference import MarkedSong, learn, onsets_with, placed, probability, regression

CALIBRATION = {"entry": Calibration(0.8, -0.3), "exit": Calibration(1.1, 0.2)}


def song(seed, direction, marks=30, channels=6, onsets=200):
    """A song whose user likes onsets where the hidden state points along `direction`, whatever the network says."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(onsets, channels))
    log_odds = rng.normal(size=(onsets, 2))
    weight = np.zeros((onsets, 2))
    for column in range(2):
        weight[rng.choice(onsets, marks, replace=False), column] = 1.0
    liked = np.repeat((hidden @ direction > 0)[:, None], 2, axis=1)
    times, bars = np.arange(onsets) * 0.5, np.arange(onsets) % 8 == 0
    return MarkedSong(f"song {seed}", times, hidden, log_odds, liked & (weight > 0), weight, weight > 0, bars)


def test_the_regression_finds_what_a_general_optimiser_finds():
    rng = np.random.default_rng(1)
    inputs, before = rng.normal(size=(300, 5)), 2 * rng.normal(size=300)
    target, weight = rng.random(300), rng.random(300)

    def loss(change):
        z = before + inputs @ change
        p = 1 / (1 + np.exp(-z))
        return -weight @ (target * np.log(p) + (1 - target) * np.log(1 - p)) + 1.5 * change @ change

    expected = minimize(loss, np.zeros(5), method="Nelder-Mead", options={"maxiter": 20000, "xatol": 1e-7}).x
    assert regression(inputs, before, target, weight, 3.0) == pytest.approx(expected, abs=1e-3)


def test_far_off_scores_do_not_throw_newton_off():
    inputs = np.column_stack([np.linspace(-1, 1, 50), np.ones(50)])
    change = regression(inputs, np.full(50, 40.0), (inputs[:, 0] > 0).astype(float), np.ones(50), 0.01)
    p = probability(40.0 + inputs @ change)
    assert p[:20].max() < 0.1 and p[30:].min() > 0.9


def test_what_songs_have_in_common_is_learned_for_another_song():
    direction = np.array([1.0, -1.0, 0.5, 0, 0, 0])
    learned = learn([song(i, direction) for i in range(8)], CALIBRATION)
    new = song(99, direction)
    for column, role in enumerate(preference.ROLES):
        likes = new.hidden @ direction > 0
        before, after = new.log_odds[:, column], learned.log_odds(new, role)
        assert np.corrcoef(after, likes)[0, 1] > np.corrcoef(before, likes)[0, 1] + 0.1
        assert learned.weights[role] @ direction > 0.8 * np.linalg.norm(learned.weights[role]) * np.linalg.norm(
            direction
        )


def test_who_cuts_on_downbeats_alone_is_understood():
    songs = [replace(s, liked=s.on_downbeat[:, None] & (s.weight > 0)) for s in (song(i, np.ones(6)) for i in range(8))]
    learned, new = learn(songs, CALIBRATION), song(99, np.ones(6))
    for column, role in enumerate(preference.ROLES):
        added = learned.log_odds(new, role) - new.log_odds[:, column]
        assert added[new.on_downbeat].min() > added[~new.on_downbeat].max() + 1


def test_without_marks_nothing_changes():
    quiet = song(1, np.ones(6), marks=0)
    learned = learn([quiet], CALIBRATION)
    for column, role in enumerate(preference.ROLES):
        assert learned.log_odds(quiet, role) == pytest.approx(quiet.log_odds[:, column], abs=1e-6)


def test_verdicts_on_shown_cuts_alone_do_not_turn_the_scores_around():
    """Added cuts scored low and rejected ones high: what was never judged must keep its order all the same."""
    rng = np.random.default_rng(5)
    hidden = rng.normal(size=(600, 6))
    log_odds = np.repeat(3 * hidden[:, :1], 2, axis=1)
    order = np.argsort(log_odds[:, 0])
    liked, weight = np.zeros((600, 2), bool), np.zeros((600, 2))
    weight[order[-15:]], weight[order[200:210]] = 1.0, 1.0
    liked[order[200:210]] = True
    biased = MarkedSong("s", np.arange(600.0), hidden, log_odds, liked, weight, liked, np.zeros(600, bool))
    learned = learn([biased], CALIBRATION)
    assert np.corrcoef(learned.log_odds(biased, "exit"), log_odds[:, 1])[0, 1] > 0.9


def test_marks_stand_at_the_nearest_onset_and_liked_wins():
    times = onsets_with(np.array([1.0, 2.0, 3.0]), [Mark("exit", 2.03, True), Mark("entry", 2.5, True)])
    assert times.tolist() == [1.0, 2.0, 2.5, 3.0]
    marks = [
        Mark("exit", 2.03, True), Mark("exit", 2.0, False, weight=0.75), Mark("entry", 2.5, True, own=True),
        Mark("entry", 3.0, False, weight=0.5), Mark("exit", 99.0, True),
    ]  # fmt: skip
    shown = (("exit", 2.0), ("entry", 1.0))
    liked, weight, shown = placed(Recording("song", (Path("song.wav"),), tuple(marks), shown), times)
    assert weight.tolist() == [[0, 0], [0, 1.0], [1.0, 0], [0.5, 0]]
    assert np.argwhere(liked).tolist() == [[1, 1], [2, 0]]
    assert np.argwhere(shown).tolist() == [[0, 0], [1, 1], [3, 0]]
    assert not placed(Recording("song", (), tuple(marks)), np.empty(0))[1].size
