"""Sections and which of them repeat, on bars: where sound, rhythm and repetition change, at the lengths songs have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import BeatGrid, nearest_frame
from segue_models.signal.front_end import FrontEnd

Floats = NDArray[np.float64]

# Share of sections that last 1, 2, 3, ... bars in the 912 songs of the Harmonix set (Nieto et al. 2019).
LENGTHS = (.003, .010, .013, .118, .012, .020, .038, .406, .043,
           .028, .012, .051, .010, .008, .017, .120, .019, .009)  # fmt: skip
OTHER_LENGTH, LONGEST_BARS = 0.003, 24
ANY_LENGTH = 0.05  # the first and the last section are as long as they are: a pick-up, an intro, a fade


@dataclass(frozen=True)
class Section:
    """start and end in seconds; sections that repeat share a label."""

    start: float
    end: float
    label: str


def bar_edges(front: FrontEnd, grid: BeatGrid) -> Floats:
    """Where bars begin, and both ends of the song, in seconds."""
    downbeats = grid.times[grid.positions == 1]
    # What sounds before the first downbeat or after the last is a pick-up or a tail, no section of its own.
    least = float(np.median(np.diff(downbeats))) / 2 if len(downbeats) > 1 else 0.05
    downbeats = downbeats[(downbeats > least) & (downbeats < front.duration - least)]
    return np.concatenate([[0.0], downbeats, [front.duration]])


@dataclass(frozen=True)
class Bars:
    """What a bar sounds like, (bars, features) each, scaled to a mean square of about one; all 0 where it is silent."""

    sounding: NDArray[np.bool_]  # (bars,) those that are no silence
    chords: Floats  # chroma of each quarter of the bar
    sound: Floats  # gammatone spectrum
    timbre: Floats
    rhythm: Floats  # onset strength in each eighth of the bar


def describe(front: FrontEnd, edges: Floats) -> Bars:
    """What each bar between two edges (seconds) sounds like."""
    chords = _means(front.chroma, _parts(edges, 4))
    chords /= np.maximum(np.linalg.norm(chords, axis=1, keepdims=True), 1e-6)
    rhythm = _means(front.onset_strength[:, None], _parts(edges, 8)).reshape(len(edges) - 1, -1)
    sounding = _means(front.sounding[:, None].astype(np.float32), edges)[:, 0] > 0.5
    if np.count_nonzero(sounding) < 2:
        sounding[:] = True
    return Bars(
        sounding,
        np.where(sounding[:, None], chords.reshape(len(edges) - 1, -1) / 2, 0.0),
        _standard(_means(front.gammatone, edges), sounding),
        _standard(_means(front.timbre, edges), sounding),
        _standard(rhythm, sounding),
    )


def _parts(edges: Floats, parts: int) -> Floats:
    """Edges of the equal parts of every bar."""
    inner = edges[:-1, None] + np.diff(edges)[:, None] * np.arange(parts) / parts
    return np.append(inner.ravel(), edges[-1])


def _means(features: NDArray[np.float32], edges: Floats) -> Floats:
    """Mean of the frames (frames, n) between each pair of edges; of the nearest one where there is none."""
    at = np.clip(nearest_frame(edges), 0, len(features))
    first = np.minimum(at[:-1], len(features) - 1)
    last = np.maximum(at[1:], first + 1)
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    return np.asarray((sums[last] - sums[first]) / (last - first)[:, None])


def _standard(x: Floats, sounding: NDArray[np.bool_]) -> Floats:
    """Zero mean and unit deviation of each column, rows scaled to a mean square of about one; silent rows are 0."""
    loud = x[sounding]
    scaled = (x - loud.mean(axis=0)) / np.maximum(loud.std(axis=0), 1e-6) / np.sqrt(x.shape[1])
    return np.where(sounding[:, None], scaled, 0.0)


def novelty(bars: Bars) -> Floats:
    """How much the music changes at each bar, (bars,), standardised; five views of it count alike."""
    pairs = np.concatenate([bars.chords, np.vstack([bars.chords[1:], bars.chords[-1:]])], axis=1)
    curves = [
        _change(bars.sound, 1),
        _change(bars.timbre, 4),
        _change(bars.rhythm, 2),
        _change(_repetition(pairs, bars.sounding), 1),
        _change(_repetition(np.concatenate([bars.timbre, bars.rhythm / 2], axis=1), bars.sounding), 4),
    ]
    inner = np.flatnonzero(bars.sounding[1:] & bars.sounding[:-1]) + 1  # where music goes on, in no pause nor beside it
    if not len(inner):
        inner = np.arange(1, len(bars.sounding))
    scaled = [(curve - curve[inner].mean()) / max(float(curve[inner].std()), 1e-6) for curve in curves]
    return np.asarray(np.mean(scaled, axis=0))


def _change(rows: Floats, width: int) -> Floats:
    """Distance of the mean of the `width` rows before each row from that of as many from it on."""
    sums = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows, axis=0)])
    here = np.arange(len(rows))
    before, after = np.maximum(here - width, 0), np.minimum(here + width, len(rows))
    past = (sums[here] - sums[before]) / np.maximum(here - before, 1)[:, None]
    future = (sums[after] - sums[here]) / (after - here)[:, None]
    surer = np.minimum(here - before, after - here) / width  # the mean of few rows strays more: near both ends
    return np.asarray(np.linalg.norm(future - past, axis=1) * np.sqrt(surer))


def _repetition(rows: Floats, sounding: NDArray[np.bool_]) -> Floats:
    """(bars, lags): how alike each bar is to the one `lag` later; a row changes where a repeat begins or ends.

    The structure features of Serra et al. 2014, without their smoothing.
    """
    checkpoint()
    distance = _distances(rows)
    alike = np.exp(-((distance / (0.5 * np.median(distance[np.ix_(sounding, sounding)]) + 1e-9)) ** 2))
    here = np.arange(len(rows))
    return np.asarray(alike[here[:, None], (here[:, None] + here) % len(rows)])


def _distances(rows: Floats) -> Floats:
    square = (rows**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(square[:, None] + square - 2 * rows @ rows.T, 0.0)))


def divide(odds: Floats) -> list[int]:
    """First bar of each section: the most likely division, given the log odds of a boundary at each bar (bars,)."""
    count = len(odds)
    length = np.log([*LENGTHS, *[OTHER_LENGTH] * (LONGEST_BARS - len(LENGTHS))])
    outer = np.log(ANY_LENGTH)
    best, back = np.zeros(count + 1), np.zeros(count + 1, dtype=np.int64)
    for end in range(1, count + 1):
        checkpoint()
        starts = np.arange(max(0, end - LONGEST_BARS), end)
        cost = length[end - starts - 1]
        cost = np.where((starts == 0) | (end == count), np.maximum(cost, outer), cost)
        options = best[starts] + cost
        back[end] = starts[options.argmax()]
        best[end] = options.max() + (odds[end] if end < count else 0.0)
    firsts = [int(back[count])]
    while firsts[-1] > 0:
        firsts.append(int(back[firsts[-1]]))
    return firsts[::-1]
