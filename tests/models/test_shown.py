"""What users are shown, held to the cut rule."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from segue_models import product
from segue_models.evaluation import shown
from segue_models.sections.bar_novelty import Section
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
            alike = np.zeros((len(times), 2, 1)), np.zeros((len(times), 2))
            return Cuts(np.array(times) - START, np.linspace(0.5, 0.9, len(times)), *alike)

        found = product.Shown(cuts(exits), cuts(entries), [Pair(a, b, 0.5) for a, b in joins])
        monkeypatch.setattr(product, "score", lambda song, network: (found.exits, found.entries))
        monkeypatch.setattr(product, "select", lambda exits, entries, grid: found)
        sections = [Section(first - START, first + 2 - START, "A") for first in (25.0, 45.0)]
        return SimpleNamespace(grid=GRID.later(-START), start=START, sections=sections)

    return serve


def test_shown_cuts_are_held_to_the_rule_in_seconds_of_the_recording(served):
    song = served(exits=[20.0, 34.0, 40.0], entries=[29.5, 45.0], joins=[(0, 0), (1, 0), (2, 1)])
    judged = shown.judge(TRACK, song, None)
    # Exits between phrases are good, one in a phrase is not; an entry leads into a phrase within two beats, or is none.
    assert judged.sung.tolist() == [True, False, True, True, False]
    # In the rest from 38 to 60 s a section begins at 45 s: it is entered there, though nobody sings.
    assert judged.good.tolist() == [True, False, True, True, True]
    assert judged.inside.tolist() == [False, True, False, False, False]
    assert judged.joins.tolist() == [True, False, True] and judged.sung_joins.tolist() == [True, False, False]
    assert judged.scores.tolist() == [0.5, 0.7, 0.9, 0.5, 0.9]


def test_annotated_sections_come_before_those_that_were_heard(served):
    track = replace(TRACK, sections=np.array([50.0]))
    judged = shown.judge(track, served([20.0], [45.0, 50.0], []), None)
    assert judged.good.tolist() == [True, False, True] and judged.sung.tolist() == [True, False, False]


def test_what_lies_in_a_bed_is_not_judged(served):
    track = replace(TRACK, unphrased_spans=np.array([[30.0, 38.0]]))
    judged = shown.judge(track, served([20.0, 34.0], [29.5], [(0, 0), (1, 0)]), None)
    assert judged.good.tolist() == [True, True] and judged.joins.tolist() == [True]


def test_the_table_has_a_row_for_each_corpus_and_one_for_all():
    no, half, yes = np.zeros(2, bool), np.array([True, False]), np.ones(2, bool)
    one = shown.Judged("a", "x", np.array([0.6, 0.8]), half, no, no, yes, half)
    two = replace(one, corpus="b", name="y", good=yes, joins=half, sung_joins=no)
    none = shown.Judged("b", "z", np.empty(0), *[no[:0]] * 5)
    head, *rows, _ = shown.table([one, two, none]).splitlines()
    assert "good" in head and [row.split()[0] for row in rows] == ["a", "b", "all"]
    assert rows[0].split()[1:7] == ["1", "2", "50.0%", "0.0%", "70.0%", "0.0%"]
    assert rows[0].endswith("100.0% (50.0%) of 2")
    assert rows[2].split()[1:7] == ["3", "4", "75.0%", "0.0%", "70.0%", "0.0%"]
    assert rows[2].endswith("75.0% (25.0%) of 4")
