"""Sections and which of them repeat, on bars. Boundaries by librosa's constrained clustering until our own network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue_models.frames import BeatGrid, nearest_frame
from segue_models.frontend import Front

Floats = NDArray[np.float64]

BARS = 8  # the length sections have on average in songs; half and double of it come out where the music says so
SHORTEST_BARS = 2
ALIKE = 0.65  # mean distance of their bars, in units of the song's median, below which two sections are one


@dataclass(frozen=True)
class Section:
    """start and end in seconds; sections that repeat share a label."""

    start: float
    end: float
    label: str


def segment(front: Front, grid: BeatGrid) -> list[Section]:
    """Cover the song from 0 to its end with sections whose boundaries are downbeats."""
    downbeats = grid.times[grid.positions == 1]
    downbeats = downbeats[(downbeats > 0.05) & (downbeats < front.duration - 0.05)]
    edges = np.concatenate([[0.0], downbeats, [front.duration]])
    bars = _bar_features(front, edges)
    count = max(1, round(len(bars) / BARS))
    starts = _boundaries(bars, count)
    spans = list(zip(starts, [*starts[1:], len(bars)], strict=True))
    labels = _labels(bars, spans)
    return [Section(float(edges[a]), float(edges[b]), label) for (a, b), label in zip(spans, labels, strict=True)]


def _bar_features(front: Front, edges: Floats) -> Floats:
    """(bars, features): chroma of both halves of the bar, timbre and level, each standardised over the song."""
    chroma = _means(front.chroma, np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2])))
    timbre = _standard(_means(front.timbre, edges))
    level = _standard(_means(np.log(front.rms[:, None] + 1e-4), edges))
    halves = chroma.reshape(len(edges) - 1, -1)
    return np.concatenate([3.0 * halves, timbre / np.sqrt(timbre.shape[1]), 0.5 * level], axis=1)


def _means(features: NDArray[np.float32], edges: Floats) -> Floats:
    at = np.clip(nearest_frame(edges), 0, len(features))
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    return np.asarray((sums[at[1:]] - sums[at[:-1]]) / np.maximum(at[1:] - at[:-1], 1)[:, None])


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6))


def _boundaries(bars: Floats, count: int) -> list[int]:
    """First bar of each section, at least SHORTEST_BARS apart."""
    import librosa

    if count < 2:
        return [0]
    # Two bars side by side, so that a change of pattern counts and a change of chord within it does not.
    pairs = np.concatenate([bars, np.vstack([bars[1:], bars[-1:]])], axis=1)
    found = librosa.segment.agglomerative(pairs.T, count)
    kept = [0]
    for start in (int(f) for f in found[1:]):
        if start - kept[-1] >= SHORTEST_BARS and len(bars) - start >= SHORTEST_BARS:
            kept.append(start)
    return kept


def _labels(bars: Floats, spans: list[tuple[int, int]]) -> list[str]:
    """A, B, ... in order of appearance; two sections are alike when their bars, laid side by side, are."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(spans) < 2:
        return ["A"] * len(spans)
    scale = np.median(np.linalg.norm(bars[:, None] - bars[None, :], axis=2)) + 1e-9
    distances = []
    for i, (a, b) in enumerate(spans):
        for c, d in spans[i + 1 :]:
            n = min(b - a, d - c)
            distances.append(float(np.linalg.norm(bars[a : a + n] - bars[c : c + n], axis=1).mean() / scale))
    clusters = fcluster(linkage(np.array(distances), "average"), ALIKE, "distance")
    names: dict[int, str] = {}
    for cluster in clusters:
        names.setdefault(int(cluster), _letter(len(names)))
    return [names[int(cluster)] for cluster in clusters]


def _letter(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else f"Z{n - 25}"
