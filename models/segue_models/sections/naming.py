"""Names of sections from what repeats: A, B, A', by bar-synchronous self-similarity and clustering."""

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint

Floats = NDArray[np.float64]

ALIKE = 0.8  # mean distance of their bars, in units of the song's median, below which two sections share a letter
SAME = 0.55  # below which they are the same; between the two the later ones are variants: A', A'', A3
LEAST = 0.15  # median distance, of bars of about unit length, below which nothing in a song differs
SHIFT_BARS = 2  # a section may begin with a pick-up bar that its repeat does not have


def name(bars: Floats, starts: list[int]) -> list[str]:
    """One label a section, in order of appearance; bars: (bars, features), starts: first bar of each section."""
    from scipy.cluster.hierarchy import fcluster, linkage

    spans = list(zip(starts, [*starts[1:], len(bars)], strict=True))
    if len(spans) < 2:
        return ["A"] * len(spans)
    tree = linkage(pairwise_distances(bars, spans), "average")
    letters: dict[int, str] = {}
    variants: dict[int, dict[int, int]] = {}
    out = []
    for kind, exact in zip(fcluster(tree, ALIKE, "distance"), fcluster(tree, SAME, "distance"), strict=True):
        letter = letters.setdefault(int(kind), _letter(len(letters)))
        known = variants.setdefault(int(kind), {})
        variant = known.setdefault(int(exact), len(known))
        out.append(letter + ("'" * variant if variant < 3 else str(variant)))
    return out


def pairwise_distances(bars: Floats, spans: list[tuple[int, int]]) -> Floats:
    """Distance of every pair of sections, in scipy's condensed order: that of their bars, laid side by side at best.

    In units of the median distance of two bars of the song.
    """
    checkpoint()
    square = (bars**2).sum(axis=1)
    between = np.sqrt(np.maximum(square[:, None] + square - 2 * bars @ bars.T, 0.0))
    loud = square > 0  # a bar of silence has no chords
    between /= max(float(np.median(between[np.ix_(loud, loud)])) if loud.any() else 0.0, LEAST)
    pairs = [(a, b) for i, a in enumerate(spans) for b in spans[i + 1 :]]
    return np.array([_aside(between[a[0] : a[1], b[0] : b[1]]) for a, b in pairs])


def _aside(between: Floats) -> float:
    """Smallest mean along a diagonal (bars of one, bars of the other) that is near the first and not much shorter."""
    checkpoint()
    shorter = min(between.shape)
    shifts = [s for s in range(-SHIFT_BARS, SHIFT_BARS + 1) if len(np.diagonal(between, s)) >= max(1, 0.75 * shorter)]
    return min(float(np.diagonal(between, s).mean()) for s in shifts)


def _letter(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else f"Z{n - 25}"
