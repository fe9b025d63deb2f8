"""Platt scaling: turn log odds into the share of cuts that are good (Platt 1999)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from segue_models.serving.model_card import Calibration

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def fit(logits: Floats, labels: Bools, weights: Floats, fitted_on: Sequence[str]) -> Calibration:
    """Slope and offset that make sigmoid(slope * logit + offset) the chance of a good cut; all (onsets,)."""
    model = LogisticRegression(C=1e6).fit(logits[:, None], labels, sample_weight=weights)
    return Calibration(round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4), tuple(fitted_on))


def threshold(scores: Floats, labels: Bools, weights: Floats) -> float:
    """Calibrated score (in hundredths) from which on a cut is shown: the one of best balanced classification rate.

    Good cuts are rare, so one half would hide most of them: the threshold lies near their share.
    """
    steps = np.arange(0.05, 0.96, 0.01)
    rates = [balanced_accuracy_score(labels, scores >= step, sample_weight=weights) for step in steps]
    return round(float(steps[np.argmax(rates)]), 2)


def apply(calibration: Calibration, logits: Floats) -> Floats:
    """Calibrated scores of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-(calibration.slope * logits + calibration.offset))))
