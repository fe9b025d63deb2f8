"""What is shown of what was heard, and what it is called."""

from dataclasses import replace

import numpy as np
import pytest

from segue_bridge.picking import pick
from segue_bridge.result import AudioInfo, Options, Section
from segue_bridge.scored import Scored
from segue_models.product import MIN_SCORE
from segue_models.signal.frames import BeatGrid
from segue_models.transitions.pairs import Cuts

# Two beats before bar 1, which begins at 11.0 s; bars of two seconds.
GRID = BeatGrid(np.arange(10.0, 80.0, 0.5), (np.arange(140) + 2) % 4 + 1)
SECTIONS = [Section(9.0, 19.0, "A"), Section(19.0, 80.0, "B")]


def cuts(times, scores=None):
    same = np.tile(np.eye(2)[:, None], (1, len(times), 1)).transpose(1, 0, 2)
    scores = np.full(len(times), 0.9) if scores is None else np.array(scores)
    return Cuts(np.array(times), scores, same, np.full((len(times), 2), -20.0))


def scored(exits, entries):
    return Scored(AudioInfo("a.wav", 90.0, 44100, "0"), {"cuts": "1"}, GRID, SECTIONS, exits, entries, [])


@pytest.mark.parametrize(
    ("time", "bar", "beat", "section"),
    [
        (19.0 - 0.059, 5, 1.0, "B"),  # what is played on a bar line belongs to its bar, and to its section
        (19.0 - 0.011, 5, 1.0, "B"),
        (19.0 + 0.059, 5, 1.0, "B"),
        (19.0 - 0.07, 4, 4.86, "A"),
        (20.0, 5, 3.0, "B"),
        (10.7, None, None, "A"),  # a pick-up is in no bar
        (10.0, None, None, "A"),
        (11.0 - 0.05, 1, 1.0, "A"),
    ],
)
def test_a_cut_has_the_bar_beat_and_section_a_person_would_write(time, bar, beat, section):
    (cut,) = pick(scored(cuts([time]), cuts([])), Options()).cuts
    assert (cut.time, cut.bar, cut.beat, cut.section) == (time, bar, beat, section)


def test_beats_before_the_first_downbeat_are_in_no_bar():
    beats = pick(scored(cuts([]), cuts([])), Options()).beats
    assert [(b.time, b.bar, b.beat) for b in beats[:4]] == [
        (10.0, None, None), (10.5, None, None), (11.0, 1, 1), (11.5, 1, 2)
    ]  # fmt: skip


def test_the_best_are_shown_apart_and_in_order():
    shown = pick(scored(cuts([20.2, 20.7, 30.0, 40.0], [0.5, 0.6, 0.9, MIN_SCORE - 0.01]), cuts([50.0])), Options())
    assert [(c.id, c.kind, c.time) for c in shown.cuts] == [(0, "exit", 20.7), (1, "exit", 30.0), (2, "entry", 50.0)]
    assert [(t.exit, t.entry) for t in shown.transitions] == [(1, 2)] and shown.warnings == []


def test_where_nothing_is_good_enough_it_is_said():
    assert pick(scored(cuts([20.0], [0.1]), cuts([])), Options()).warnings == ["no cut here is good enough to be shown"]
    assert len(pick(scored(cuts([20.0], [0.1]), cuts([])), Options(min_score=0.0)).cuts) == 1


def test_beats_before_the_recording_are_not_listed_and_count():
    early = BeatGrid(GRID.times - 12.02, GRID.positions, 4, first_bar=9)  # bar 9 begins at -1.02 s
    beats = pick(replace(scored(cuts([]), cuts([])), grid=early), Options()).beats
    assert [(round(b.time, 6), b.bar, b.beat) for b in beats[:2]] == [(0.0, 9, 3), (0.48, 9, 4)]


def test_where_there_is_no_steady_beat_no_bar_is_claimed():
    free = replace(scored(cuts([20.0, 40.0]), cuts([20.2, 60.0])), grid=replace(GRID, free=((10.0, 31.0),)))
    found = pick(free, Options())
    assert [(c.time, c.bar, c.beat) for c in found.cuts] == [
        (20.0, None, None), (20.2, None, None), (40.0, 15, 3.0), (60.0, 25, 3.0)
    ]  # fmt: skip
    counted = [beat for beat in found.beats if beat.bar is not None]
    assert (counted[0].time, counted[0].bar, counted[0].beat) == (31.0, 11, 1)
