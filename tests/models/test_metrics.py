import numpy as np
import pytest

from segue_models.training.metrics import auc, bcr, calibration_error, share_inside


def decisions(tp, fn, tn, fp):
    labels = np.array([True] * (tp + fn) + [False] * (tn + fp))
    decided = np.array([True] * tp + [False] * fn + [False] * tn + [True] * fp)
    return labels, decided


@pytest.mark.parametrize("counts", [(30, 20, 140, 60), (8, 2, 45, 45)])
def test_bcr_vectors(counts):
    labels, decided = decisions(*counts)
    assert bcr(labels, decided) == pytest.approx(0.65)
    assert bcr(~labels, ~decided) == pytest.approx(0.65)  # the names of the classes do not matter


def test_bcr_of_a_constant_answer_is_one_half_and_of_one_class_undefined():
    labels, _ = decisions(10, 0, 90, 0)
    assert bcr(labels, np.ones(100, bool)) == 0.5
    assert bcr(labels, np.zeros(100, bool)) == 0.5
    assert np.isnan(bcr(np.ones(3, bool), np.ones(3, bool)))


def test_auc_is_the_chance_that_a_good_onset_outranks_a_bad_one():
    rng = np.random.default_rng(0)
    labels, scores = rng.random(60) < 0.3, rng.random(60)
    wins = (scores[labels][:, None] > scores[~labels][None, :]).mean()
    assert auc(labels, scores) == pytest.approx(wins)
    assert np.isnan(auc(np.zeros(4, bool), np.arange(4.0)))


def test_calibration_error_of_honest_and_of_boasting_scores():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    labels = rng.random(200_000) < p
    assert calibration_error(labels, p) < 0.01
    assert calibration_error(labels, np.ones_like(p)) == pytest.approx(0.5, abs=0.01)


def test_share_of_cuts_inside_a_phrase():
    phrases = np.array([[1.0, 2.0], [4.0, 5.0]])
    assert share_inside(np.array([0.5, 1.0, 1.5, 2.0, 4.5]), phrases) == pytest.approx(2 / 5)
    assert np.isnan(share_inside(np.array([]), phrases))
