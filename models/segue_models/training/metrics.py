"""Measures of scored cuts: balanced classification rate, ROC-AUC, calibration error, cuts inside a phrase."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def bcr(labels: Bools, decided: Bools) -> float:
    """Balanced classification rate: mean of the hit rates of both classes (specs 1.8); nan if a class is absent."""
    if labels.all() or not labels.any():
        return float("nan")
    return 0.5 * (float(decided[labels].mean()) + float((~decided[~labels]).mean()))


def auc(labels: Bools, scores: Floats) -> float:
    """Area under the ROC curve; nan if a class is absent."""
    if labels.all() or not labels.any():
        return float("nan")
    return float(roc_auc_score(labels, scores))


def calibration_error(labels: Bools, probabilities: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean gap between score and share of good cuts over equal-width bins, by size."""
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    gap = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            gap += inside.mean() * abs(float(labels[inside].mean()) - float(probabilities[inside].mean()))
    return float(gap)


def share_inside(times: Floats, phrases: Floats, tolerance: float = 0.03) -> float:
    """Share of times strictly inside a sung phrase; phrases (n, 2) in seconds, tolerance in seconds."""
    return float(inside_phrases(times, phrases, tolerance).mean()) if len(times) else float("nan")


def inside_phrases(times: Floats, phrases: Floats, tolerance: float = 0.03) -> Bools:
    """Which of the times (n,) are strictly inside a sung phrase; phrases (n, 2) in seconds, tolerance in seconds."""
    inside = (times[:, None] > phrases[None, :, 0] + tolerance) & (times[:, None] < phrases[None, :, 1] - tolerance)
    return np.asarray(inside.any(axis=1))
