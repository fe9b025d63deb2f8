from pathlib import Path
from types import SimpleNamespace

import numpy as np

from segue_models.evaluation import rule_counts
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

GRID = BeatGrid(np.arange(0.0, 80.0, 0.5), np.arange(160) % 4 + 1)
TRACK = Track("a", "toy", "a", "CC0", Path("a.wav"), np.array([[10.0, 18.0]]), GRID)
HEARD = SimpleNamespace(
    grid=GRID.later(-1.0), start=1.0, sections=[SimpleNamespace(start=39.0)],
    onsets=np.array([20.0, 35.0, 37.0, 38.2, 39.0, 40.5, 70.0]),
)  # fmt: skip


def test_with_turns_there_are_entries_where_nobody_leads():
    # Near the section at 40 s lie the onsets at 36, 38, 39.2, 40 and 41.5 s; the last two beats before it are entries.
    assert rule_counts.counts(TRACK, HEARD, False).tolist() == [5, 0, 5, 0]
    assert rule_counts.counts(TRACK, HEARD, True).tolist() == [5, 2, 5, 2]


def test_the_papers_counts_are_those_of_its_study():
    lines = rule_counts.table([("the paper's annotator", 311, rule_counts.PAPER)]).splitlines()
    assert lines[1].split()[-5:] == ["311", "-", "61.3", "63.5", "34.4"]
