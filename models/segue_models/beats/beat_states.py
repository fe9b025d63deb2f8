"""The hidden Markov model of beats: how long each beat is and where in the bar, exactly by Viterbi (specs 4.1, 4.2).

A state is (place in the bar, interval k in frames, position j < k). As j only counts on inside a beat, all paths are
lists of whole beats, and the best one needs, per frame, only the best score of a beat of each interval that begins
there. No beat is shorter than the shortest interval, so that many frames are decided at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOWEST_BPM, FASTEST_BPM = 55.0, 215.0
STEADINESS = 100.0  # lambda of the tempo changes
BEAT_PART = 16  # a beat is heard in its first sixteenth: lambda of the observations
RAREST = 2.2e-16  # probabilities up to here are none
EPSILON = 1e-6  # no activation is taken for certain


class Path(NamedTuple):
    """Beats in order: the frame each begins at (the first may begin before 0), its interval and its place in the bar.

    score: log probability of the path with what it observes, less that of observing no beat at any frame.
    """

    starts: Ints
    intervals: Ints
    places: Ints
    score: float


def intervals(fps: float = 100.0, count: int | None = None) -> Ints:
    """Frames a beat may last, ascending: every whole number of the tempo range, or `count` of them log-spaced."""
    shortest, longest = 60 * fps / FASTEST_BPM, 60 * fps / SLOWEST_BPM
    every = np.arange(round(shortest), round(longest) + 1)
    if count is None or count >= len(every):
        return every
    tried, spaced = count, every[:0]
    while len(spaced) < count:  # rounding makes some of them equal
        spaced = np.unique(np.rint(np.geomspace(shortest, longest, tried))).astype(np.int64)
        tried += 1
    return spaced


def transitions(lengths: Ints) -> Floats:
    """Probability (from, to) that a beat of one interval follows one of another; rows sum to 1."""
    p = np.exp(-STEADINESS * np.abs(lengths[None, :] / lengths[:, None] - 1))
    p[p <= RAREST] = 0.0
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def heard(lengths: Ints) -> Ints:
    """Frames at the start of a beat of each interval in which it is heard."""
    return -(-lengths // BEAT_PART)


def best_path(odds: Floats, lengths: Ints) -> Path:
    """Most probable beats given odds (frames, places): how much more likely each frame is where that beat is heard.

    odds are log density of a beat at that place of the bar less that of no beat. All states are equally likely at the
    first frame, and the last beat need not end. Raises ValueError when there are no frames.
    """
    frames, places = odds.shape
    if not frames:
        raise ValueError("there are no frames to find beats in")
    with np.errstate(divide="ignore"):
        log_p = np.log(transitions(lengths))
    longest, block, loud = int(lengths[-1]), int(lengths[0]), heard(lengths)[:, None]
    # Row longest + s is frame s. A beat that is under way at frame 0 began in one of the rows before.
    sums = np.zeros((longest + frames + longest, places))
    np.cumsum(odds, axis=0, out=sums[longest + 1 : longest + frames + 1])
    sums[longest + frames + 1 :] = sums[longest + frames]

    def observed(first: int, count: int) -> Floats:
        """What beats that begin in the rows from `first` on are heard with, (intervals, count, places)."""
        return np.asarray(sums[first + loud + np.arange(count)] - sums[first : first + count])

    begun = np.empty((len(lengths), longest + frames, places))  # best score of paths whose last beat begins there
    begun[:, : longest + 1] = observed(0, longest + 1) - np.log(places * lengths.sum())
    each = np.arange(len(lengths))
    bands = _bands(log_p)
    for first in range(longest + 1, longest + frames, block):
        count = min(block, longest + frames - first)
        ended = begun[each[:, None], first - lengths[:, None] + np.arange(count)]
        followed = _max_plus(np.roll(ended, 1, axis=2), bands)
        np.add(followed, observed(first, count), out=begun[:, first : first + count])

    last = np.where(np.arange(longest)[None, :, None] >= longest - lengths[:, None, None], begun[:, -longest:], -np.inf)
    interval, row, place = (int(i) for i in np.unravel_index(last.argmax(), last.shape))
    score, row = float(last[interval, row, place]), row + frames
    beats = [(row - longest, interval, place)]
    while row > longest:
        place = (place - 1) % places
        came = begun[each, row - lengths, place] + log_p[:, interval]
        interval = int(came.argmax())
        row -= int(lengths[interval])
        beats.append((row - longest, interval, place))
    starts, chosen, bar = np.array(beats[::-1], dtype=np.int64).T
    return Path(starts, lengths[chosen], bar, score)


def peaks(path: Path, activation: Floats) -> tuple[Ints, Ints]:
    """Frame of the largest activation (frames,) where each beat is heard, and the beat's place in the bar."""
    runs = zip(path.starts, path.starts + heard(path.intervals), path.places, strict=True)
    seen = [(max(int(a), 0), int(b), place) for a, b, place in runs if b > 0]
    at = [a + int(activation[a:b].argmax()) for a, b, _ in seen]
    return np.array(at, dtype=np.int64), np.array([place for _, _, place in seen], dtype=np.int64)


def _bands(log_p: Floats) -> list[tuple[slice, slice, Floats]]:
    """The diagonals of log_p (from, to) that hold probabilities: from, to, values (n, 1), the main one first."""
    n = len(log_p)
    out = []
    for off in sorted(range(1 - n, n), key=abs):
        values = np.diagonal(log_p, -off)  # from = to + off
        if np.isfinite(values).any():
            to = slice(max(0, -off), n - max(0, off))
            out.append((slice(to.start + off, to.stop + off), to, values[:, None]))
    return out


def _max_plus(scores: Floats, bands: list[tuple[slice, slice, Floats]]) -> Floats:
    """Largest over `from` of scores (from, rows, places) + log_p (from, to): (to, rows, places)."""
    flat = scores.reshape(len(scores), -1)
    best = flat + bands[0][2]
    spare = np.empty_like(best)
    for source, target, log_p in bands[1:]:
        option = np.add(flat[source], log_p, out=spare[: source.stop - source.start])
        np.maximum(best[target], option, out=best[target])
    return best.reshape(scores.shape)
