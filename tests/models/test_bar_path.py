import time
from itertools import pairwise

import numpy as np
import pytest

from segue_models.beats.bar_path import CHANGE_COST, SECTION_BARS, path


def values(lines, beats, metres=(2, 3, 4, 5, 6, 7), gain=4.0):
    """What is heard where bars begin at the lines: so much a beat for each bar that goes from one to the next."""
    known = {(int(a), int(b - a)) for a, b in pairwise(lines)}
    return {
        m: np.array([gain * m if (i, m) in known else -gain * m for i in range(beats - m + 1)], float) for m in metres
    }


def lines(*sections, first=0):
    """The first beats of bars: (how many, beats of each) of every section."""
    return first + np.cumsum([0, *(m for count, m in sections for _ in range(count))])


@pytest.mark.parametrize("metre", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("first", [0, 1])
def test_bars_of_one_metre_begin_where_they_are_heard(metre, first):
    at = lines((20, metre), first=first)
    found = path(values(at, int(at[-1]) + 1), int(at[-1]) + 1)
    assert [i for i, _ in found] == at.tolist() and {m for _, m in found} == {metre}


@pytest.mark.parametrize(
    "sections", [[(10, 4), (12, 3), (8, 4)], [(8, 4), (9, 7), (16, 5)], [(30, 3), (8, 4)], [(8, 3), (40, 4)]]
)
def test_the_metre_changes_where_another_is_heard_for_a_section(sections):
    at = lines(*sections, first=1)
    found = path(values(at, int(at[-1])), int(at[-1]))
    assert [i for i, _ in found] == at[:-1].tolist()
    assert [m for _, m in found] == [m for count, m in sections for _ in range(count)]


def test_a_few_bars_of_another_metre_or_faint_ones_change_nothing():
    short = lines((20, 4), (SECTION_BARS - 4, 3), (20, 4))
    assert {m for _, m in path(values(short, int(short[-1])), int(short[-1]))} == {4}
    faint = lines((20, 4), (10, 3))
    heard = values(faint, int(faint[-1]), gain=CHANGE_COST / 90)
    assert {m for _, m in path(heard, int(faint[-1]))} == {4}


def test_bars_that_could_be_counted_in_the_others_are_no_change():
    at = lines((20, 4), (20, 2), (20, 4))
    assert len({m for _, m in path(values(at, int(at[-1])), int(at[-1]))}) == 1


@pytest.mark.parametrize("beats", [4, 5, 31])
def test_a_few_beats_have_bars_too(beats):
    found = path(values(lines((beats // 4, 4)), beats, metres=(4,)), beats)
    assert found == [(i, 4) for i in range(0, beats, 4)]


def test_an_hour_and_a_half_takes_seconds():
    begun = time.process_time()
    path(values(lines((4000, 4)), 16_001), 16_001)
    assert time.process_time() - begun < 10
