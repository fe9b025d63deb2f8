"""Entries where nobody leads: in a rest of the lead, at most two beats before a section begins, as `cut_rule` says.

The network of cuts hears a lead begin, and no turn: a logistic regression on how surely the lead rests, where sections
begin and where bars do. `training/section_entry_fit.py` fits it.
"""

import numpy as np
from numpy.typing import NDArray

from segue_models.cuts.cut_rule import ENTRY_LEAD_BEATS, REST_BEATS
from segue_models.signal.frames import BeatGrid

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SLACK_BEATS = 0.25  # onsets are a few ms off their beats, and so are sections
EDGE = 0.02  # no surer is it ever that nobody leads, or somebody
WEIGHTS = {"common": -4.38, "rest": 0.27, "turn": 3.1, "bar": 0.35}


def resting(lead: Floats, cells: NDArray[np.int64], cells_per_beat: int) -> Floats:
    """How surely each onset (onsets,) lies in a rest: 1 less how much of the stillest REST_BEATS around it are led.

    lead: (rows,) chance that the lead sounds; cells: (onsets,) the rows that the onsets open.
    """
    sums = np.concatenate([[0.0], np.cumsum(lead)])
    length = round(REST_BEATS * cells_per_beat)
    begin = cells[:, None] - np.arange(0, length + 1, cells_per_beat)[None, :]
    first, last = np.clip(begin, 0, len(lead) - 1), np.clip(begin + length, 1, len(lead))
    return np.asarray(1 - ((sums[last] - sums[first]) / np.maximum(last - first, 1)).min(axis=1))


def turning(grid: BeatGrid, found: Floats, sections: Floats) -> Bools:
    """Which onsets (seconds) lie at most two beats before a section begins, or where it does; both in seconds.

    A song of one section turns nowhere.
    """
    if len(sections) < 2:
        return np.zeros(len(found), dtype=bool)
    to_come = grid.phase(sections)[None, :] - grid.phase(found)[:, None]
    return np.asarray(((to_come >= -SLACK_BEATS) & (to_come <= ENTRY_LEAD_BEATS + SLACK_BEATS)).any(axis=1))


def evidence(rest: Floats, turn: Bools, opens_bar: Bools) -> Floats:
    """What tells of each onset, (onsets, weights), in the order of WEIGHTS."""
    rest = np.clip(rest, EDGE, 1 - EDGE)
    return np.stack([np.ones(len(rest)), np.log(rest / (1 - rest)), turn, opens_bar], axis=1)


def likely(entry: Floats, rest: Floats, turn: Bools, opens_bar: Bools) -> Floats:
    """How likely each onset is an entry in one way or the other; entry: (onsets,) where the lead begins."""
    chance = 1 / (1 + np.exp(-evidence(rest, turn, opens_bar) @ np.array(list(WEIGHTS.values()))))
    return np.asarray(1 - (1 - entry) * (1 - chance))
