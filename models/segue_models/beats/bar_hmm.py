"""Bars over given beats from the probability that each opens one (Krebs et al. 2016; specs 4.2)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OTHERS = 99.0  # observation weight 100: the other beats share what is left of a downbeat's probability
CHANGE = 1e-7  # probability that the next bar is of another length
EPSILON = 1e-6


def decode(
    probability: NDArray[np.floating],
    metres: Sequence[int] = (3, 4),
    others: float = OTHERS,
    change: float = CHANGE,
) -> tuple[Ints, int]:
    """Position in the bar (beats,), 1 is the downbeat, and the metre of most beats.

    probability: (beats - 1,) in 0..1, as the beat-synchronous features have nothing to say of the last beat, which is
    counted on. others: among how many the rest of that probability is shared. change: probability that the next bar
    is of another length. Raises ValueError when there are no probabilities.
    """
    if not len(probability):
        raise ValueError("bars need at least two beats")
    p = np.clip(np.asarray(probability, dtype=np.float64), EPSILON, 1 - EPSILON)
    position = np.concatenate([np.arange(1, m + 1) for m in metres])
    metre = np.repeat(metres, metres)
    log_p = _transitions(position, metre, change)
    seen = np.where(position == 1, np.log(p)[:, None], np.log((1 - p) / others)[:, None])
    best = seen[0] - np.log(len(position))
    came = np.empty((len(p), len(position)), dtype=np.int64)
    for beat in range(1, len(p) + 1):
        options = best[:, None] + log_p
        came[beat - 1] = options.argmax(axis=0)
        best = options.max(axis=0) + (seen[beat] if beat < len(p) else 0.0)
    states = [int(best.argmax())]
    for back in came[::-1]:
        states.append(int(back[states[-1]]))
    path = np.array(states[::-1])
    return position[path], int(np.bincount(metre[path]).argmax())


def _transitions(position: Ints, metre: Ints, change: float) -> Floats:
    """Log probability (from, to): within a bar the next beat, at its end the first of a bar of the same length."""
    within = (metre[:, None] == metre) & (position[:, None] + 1 == position)
    ends = (position == metre)[:, None] & (position == 1)
    same = metre[:, None] == metre
    other_lengths = max(len(np.unique(metre)) - 1, 1)
    p = within + ends * np.where(same, 1 - change, change / other_lengths)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p))
