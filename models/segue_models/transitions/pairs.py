"""Which exit goes to which entry: the same place in the bar, and music that continues alike."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import BeatGrid, nearest_frame
from segue_models.signal.front_end import FrontEnd

Floats = NDArray[np.float64]

BAR_TOLERANCE_BEATS = 1 / 8  # specs 1.1
CONTEXT_BEATS = 4
CONTEXT_DIGITS = 3  # of each feature of unit length: what is kept on disk is what is compared
LEVEL_BEATS = 2
FAINTEST_DB, LEVEL_DIGITS = -60.0, 1
STEP_DB = 6.0  # a join that steps so much in level is half as good; untouched music does on one bar line of ten
SHORTEST_JUMP_BEATS = 8  # a shorter jump is a stumble, not an edit
PER_EXIT = 4


@dataclass(frozen=True)
class Cuts:
    """Cuts of one kind, in order of time.

    times: (cuts,) seconds; scores: (cuts,) calibrated; context: (cuts, 2, features) what is heard before and after;
    levels: (cuts, 2) dB, how loud it is.
    """

    times: Floats
    scores: Floats
    context: Floats
    levels: Floats

    def __getitem__(self, at: NDArray[np.int64]) -> "Cuts":
        return Cuts(self.times[at], self.scores[at], self.context[at], self.levels[at])

    def later(self, seconds: float) -> "Cuts":
        """The same cuts, all later by so much."""
        return replace(self, times=self.times + seconds)


@dataclass(frozen=True)
class Pair:
    """Positions in the lists of exits and entries, and a score in 0..1."""

    exit: int
    entry: int
    score: float


def cuts(times: Floats, scores: Floats, front: FrontEnd, grid: BeatGrid) -> Cuts:
    """The cuts at `times` (seconds), with what is heard around them."""
    return Cuts(times, scores, context(times, front, grid), levels(times, front, grid))


def context(times: Floats, front: FrontEnd, grid: BeatGrid) -> Floats:
    """Mean chroma and timbre of CONTEXT_BEATS beats before and after each time (seconds): (times, 2, features)."""
    timbre = front.timbre - front.timbre[front.sounding].mean(axis=0) if front.sounding.any() else front.timbre
    features = np.concatenate([_unit(front.chroma), _unit(timbre)], axis=1)
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    phases = grid.phase(times)[:, None] + np.array([-CONTEXT_BEATS, 0])
    start = np.clip(nearest_frame(grid.seconds(phases)), 0, len(features) - 1)
    end = np.clip(nearest_frame(grid.seconds(phases + CONTEXT_BEATS)), start + 1, len(features))
    return np.round(_unit((sums[end] - sums[start]) / (end - start)[..., None]), CONTEXT_DIGITS)


def levels(times: Floats, front: FrontEnd, grid: BeatGrid) -> Floats:
    """Level of the LEVEL_BEATS beats before and after each time (seconds): (times, 2) dB; silence is FAINTEST_DB."""
    sums = np.concatenate([[0.0], np.cumsum(front.rms.astype(np.float64) ** 2)])
    phases = grid.phase(times)[:, None] + np.array([-LEVEL_BEATS, 0])
    start = np.clip(nearest_frame(grid.seconds(phases)), 0, len(sums) - 2)
    end = np.clip(nearest_frame(grid.seconds(phases + LEVEL_BEATS)), start + 1, len(sums) - 1)
    power = (sums[end] - sums[start]) / (end - start)
    return np.asarray(np.round(10 * np.log10(np.maximum(power, 10 ** (FAINTEST_DB / 10))), LEVEL_DIGITS))


def between(exits: Cuts, entries: Cuts, grid: BeatGrid, limit: int) -> list[Pair]:
    """The best transitions, best first.

    Only exits and entries at the same position in the bar are joined (paper section 3.1). The score is the chance that
    both cuts are good, times how alike the four beats on either side of the join are to what the listener expects, and
    less by how much the level steps.
    """
    if not len(exits.times) or not len(entries.times):
        return []
    pairs: list[Pair] = []
    for i, row in enumerate(_scores(exits, entries, grid)):
        best = np.argsort(-row, kind="stable")[:PER_EXIT]
        pairs.extend(Pair(i, int(j), float(row[j])) for j in best if row[j] > 0)
    return sorted(pairs, key=lambda p: -p.score)[:limit]


def best_of_each(exits: Cuts, entries: Cuts, grid: BeatGrid) -> tuple[Floats, Floats]:
    """Score of the best transition of each exit and of each entry, (cuts,) each; 0 where there is none."""
    score = _scores(exits, entries, grid)
    return score.max(axis=1, initial=0.0), score.max(axis=0, initial=0.0)


def _scores(exits: Cuts, entries: Cuts, grid: BeatGrid) -> Floats:
    """Score of every transition, (exits, entries); 0 where the two cannot be joined."""
    apart = np.abs(grid.phase(exits.times)[:, None] - grid.phase(entries.times)[None, :])
    allowed = (_in_bar(exits, entries, grid) <= BAR_TOLERANCE_BEATS) & (apart >= SHORTEST_JUMP_BEATS)
    alike = np.mean([_likeness(exits.context[:, side], entries.context[:, side]) for side in (0, 1)], axis=0)
    steps = exits.levels[:, None, 0] - entries.levels[None, :, 1]
    worth = (0.5 + 0.5 * alike) * 2.0 ** -((steps / STEP_DB) ** 2)
    return np.where(allowed, exits.scores[:, None] * entries.scores[None, :] * worth, 0.0)


def _in_bar(exits: Cuts, entries: Cuts, grid: BeatGrid) -> Floats:
    """Beats between the places in the bar of each exit and each entry, (exits, entries), over a bar line or not."""
    (leave, left), (enter, entered) = grid.place(exits.times), grid.place(entries.times)
    apart = leave[:, None] - enter[None, :]
    over = np.minimum(np.abs(apart - left[:, None]), np.abs(apart + entered[None, :]))
    return np.minimum(np.abs(apart), over)


def _unit(rows: NDArray[np.floating]) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float64)


def _likeness(a: Floats, b: Floats) -> Floats:
    """Cosine similarity of every row of a with every row of b, clipped to 0..1."""
    return np.asarray(np.clip(_unit(a) @ _unit(b).T, 0.0, 1.0))
