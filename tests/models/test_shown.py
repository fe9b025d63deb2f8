"""What users are shown, held to the cut rule."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from segue_models import product
from segue_models.evaluation import shown
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from segue_models.transitions.pairs import Cuts, Pair

GRID = BeatGrid(np.arange(0.0, 80.0, 0.5), np.arange(160) % 4 + 1)
LEAD = np.array([[10.0, 18.0], [30.0, 38.0], [60.0, 70.0]])  # sung phrases, seconds of the recording
TRACK = Track("song", "toy", "a", "CC0", Path("a.wav"), LEAD, GRID)
START = 2.0  # where the music begins


@pytest.fixture
def served(monkeypatch):
    """Puts a choice of cuts in place of the network's; times in seconds of the recording."""

    def serve(exits, entries, joins):
        def cuts(times):
            return Cuts(np.array(times) - START, np.linspace(0.5, 0.9, len(times)), np.zeros((len(times), 2, 1)))

        found = product.Shown(cuts(exits), cuts(entries), [Pair(a, b, 0.5) for a, b in joins])
        monkeypatch.setattr(product, "score", lambda song, network: (found.exits, found.entries))
        monkeypatch.setattr(product, "select", lambda exits, entries, grid: found)
        return SimpleNamespace(grid=GRID.later(-START), start=START)

    return serve


def test_shown_cuts_are_held_to_the_rule_in_seconds_of_the_recording(served):
    song = served(exits=[20.0, 34.0, 40.0], entries=[29.5, 45.0], joins=[(0, 0), (1, 0), (2, 1)])
    judged = shown.judge(TRACK, song, None)
    # Exits between phrases are good, one in a phrase is not; an entry leads into a phrase within two beats, or is none.
    assert judged.good.tolist() == [True, False, True, True, False]
    assert judged.inside.tolist() == [False, True, False, False, False]
    assert judged.joins.tolist() == [True, False, False]
    assert judged.scores.tolist() == [0.5, 0.7, 0.9, 0.5, 0.9]


def test_what_lies_in_a_bed_is_not_judged(served):
    track = replace(TRACK, unphrased_spans=np.array([[30.0, 38.0]]))
    judged = shown.judge(track, served([20.0, 34.0], [29.5], [(0, 0), (1, 0)]), None)
    assert judged.good.tolist() == [True, True] and judged.joins.tolist() == [True]


def test_the_table_has_a_row_for_each_corpus_and_one_for_all():
    one = shown.Judged(
        "a", "x", np.array([0.6, 0.8]), np.array([True, False]), np.array([False, False]), np.ones(2, bool)
    )
    two = replace(one, corpus="b", name="y", good=np.array([True, True]), joins=np.array([True, False]))
    none = replace(
        two, name="z", scores=np.empty(0), good=np.empty(0, bool), inside=np.empty(0, bool), joins=one.joins[:0]
    )
    head, *rows = shown.table([one, two, none]).splitlines()
    assert "good" in head and [row.split()[0] for row in rows] == ["a", "b", "all"]
    assert rows[0].split()[1:6] == ["1", "2", "50.0%", "70.0%", "0.0%"] and rows[0].endswith("100.0% of 2")
    assert rows[2].split()[1:6] == ["3", "4", "75.0%", "70.0%", "0.0%"] and rows[2].endswith("75.0% of 4")
