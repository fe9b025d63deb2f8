"""Bars over beats: of one metre all the way, or of several, each for a section, found exactly (dynamic programming)."""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint

Floats = NDArray[np.float64]

CHANGE_COST = 100.0  # of another metre: of songs for training 5 of 177 in one metre change it, and 17 of 20 in two
SECTION_BARS = 8  # that a metre lasts at least


def path(values: dict[int, Floats], beats: int) -> list[tuple[int, int]]:
    """The likeliest bars over so many beats: (first beat, beats) of each, the last of which may not be whole.

    values: for each metre (beats - metre + 1,) how likely a bar of it begins at each beat. Metres with a common divisor
    do not follow each other: bars of one could be counted in the other.
    """
    gain, entered, ahead = ({m: np.zeros(beats + 1) for m in values} for _ in range(3))
    turn = {m: np.full(beats + 1, m) for m in values}
    for i in range(beats - 1, -1, -1):
        if i % 1024 == 0:
            checkpoint()
        for m, value in values.items():
            if i + m <= beats:
                ahead[m][i] = value[i] + ahead[m][i + m]
                gain[m][i] = value[i] + gain[m][i + m]
            end = i + SECTION_BARS * m
            entered[m][i] = ahead[m][i] - ahead[m][end] + gain[m][end] if end <= beats else -np.inf
        for m in values:
            for other in values:
                gained = entered[other][i] - CHANGE_COST
                if gcd(m, other) == 1 and gained > gain[m][i]:
                    gain[m][i], turn[m][i] = gained, other
    return _follow(turn, *_start(entered, gain))


def _start(entered: dict[int, Floats], gain: dict[int, Floats]) -> tuple[int, int, bool]:
    """Metre and first downbeat, and whether a whole section is there."""
    for likely in (entered, gain):
        best = max(((float(likely[m][i]), m, i) for m in likely for i in range(min(m, len(likely[m])))), default=None)
        if best is not None and best[0] > -np.inf:
            return best[1], best[2], likely is entered
    raise ValueError("no bar fits")


def _follow(turn: dict[int, NDArray[np.int64]], metre: int, first: int, whole: bool) -> list[tuple[int, int]]:
    """The bars of the path that begins there."""
    out, held = [], SECTION_BARS if whole else 0
    while first < len(turn[metre]) - 1:
        if held == 0 and turn[metre][first] != metre:
            metre, held = int(turn[metre][first]), SECTION_BARS
        out.append((first, metre))
        first, held = first + metre, max(held - 1, 0)
    return out
