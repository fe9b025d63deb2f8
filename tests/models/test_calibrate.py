import numpy as np
import pytest

from segue_models.training import calibrate
from segue_models.training.metrics import calibration_error


def test_boasting_log_odds_are_brought_down_to_what_is_true():
    rng = np.random.default_rng(0)
    z = rng.normal(-1, 2, 40_000)
    labels = rng.random(40_000) < 1 / (1 + np.exp(-(0.5 * z - 0.7)))
    fitted = calibrate.fit(z, labels, np.ones(40_000), ("a song",))
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.offset == pytest.approx(-0.7, abs=0.05)
    raw, true = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-(fitted.slope * z + fitted.offset)))
    assert calibration_error(labels, true) < 0.01 < calibration_error(labels, raw)


def test_the_threshold_has_the_best_balanced_rate():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 6, 50_000)
    labels = rng.random(50_000) < p
    chosen = calibrate.threshold(p, labels, np.ones(50_000))
    assert chosen == pytest.approx(labels.mean(), abs=0.05)  # for calibrated scores it is the share of good cuts


def test_what_weighs_nothing_has_no_say():
    rng = np.random.default_rng(2)
    z = rng.normal(0, 2, 20_000)
    labels = rng.random(20_000) < 1 / (1 + np.exp(-z))
    first = np.arange(20_000) < 10_000
    lied = np.where(first, labels, ~labels)
    fitted = calibrate.fit(z, lied, first.astype(float), ())
    assert (fitted.slope, fitted.offset) == pytest.approx((1.0, 0.0), abs=0.08)
    p = 1 / (1 + np.exp(-z))
    alone = calibrate.threshold(p[first], labels[first], np.ones(10_000))
    assert calibrate.threshold(p, lied, first.astype(float)) == alone
