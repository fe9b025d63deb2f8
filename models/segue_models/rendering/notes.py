"""Notes: the one table every part of a rendered song is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
START, END, PITCH, VELOCITY = range(4)  # columns of a note table (notes, 4): seconds, seconds, MIDI pitch, 1 to 127


@dataclass(frozen=True)
class Part:
    """Notes (notes, 4) for one General MIDI program (0 to 127), or for a drum kit of that number; level in dB."""

    notes: Floats
    program: int
    drums: bool = False
    level_db: float = 0.0


def notes(rows: list[tuple[float, float, float, float]]) -> Floats:
    """Note table (notes, 4) from rows, sorted by start; empty rows give an empty table."""
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 4)
    return table[np.argsort(table[:, START], kind="stable")]
