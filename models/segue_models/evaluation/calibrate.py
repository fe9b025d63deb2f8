"""Platt scaling: turn log odds into the share of cuts that are good (Platt 1999)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from segue_models.model_card import Calibration


def fit(logits: NDArray[np.float64], labels: NDArray[np.bool_], fitted_on: str) -> Calibration:
    """Slope and offset that make sigmoid(slope * logit + offset) the chance of a good cut; both (onsets,)."""
    model = LogisticRegression(C=1e6).fit(logits[:, None], labels)
    return Calibration(round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4), fitted_on)
