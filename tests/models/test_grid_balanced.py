from collections import Counter

import numpy as np
import pytest

from segue_models.training.grid import balanced
from test_grid_configurations import read

pytestmark = pytest.mark.long


def rows(experiment):
    return [c.levels for c in read(experiment) if c.role == "entry"]


@pytest.mark.parametrize(
    ("experiment", "published"),
    [
        (1, {"feature": 3 * 32, "window_s": 48, "pooled": 48, "filters": 48, "shape": 48, "pool": 48}),
        (2, {"feature": 48, "window_s": 48, "pooled": 48, "window_beats": 36, "cells_per_beat": 3 * 24,
             "filters": 84, "pool": 84, "shape": 3 * 56}),
        (3, {"feature": 4, "window_s": 4, "pooled": 4, "window_beats": 3, "cells_per_beat": 3 * 2}),
    ],
)  # fmt: skip
def test_the_whole_grids_have_the_pairs_of_the_specification(experiment, published):
    assert balanced.pairs(rows(experiment)) == published


@pytest.mark.parametrize(("experiment", "count"), [(1, 1), (1, 17), (1, 30), (1, 95), (2, 21), (2, 150), (3, 7)])
def test_every_level_is_drawn_as_often_as_any_other(experiment, count):
    drawn = balanced.balanced(read(experiment), count, seed=3)
    by_role = {role: [c.levels for c in drawn if c.role == role] for role in ("entry", "exit")}
    assert by_role["entry"] == by_role["exit"]
    assert len({tuple(row.items()) for row in by_role["entry"]}) == count
    for window in ("window_s", "window_beats"):
        design = [row for row in by_role["entry"] if window in row]
        members = [row for row in rows(experiment) if window in row]
        assert abs(len(design) - count * len(members) / len(rows(experiment))) < 1
        for factor in members[0] if members else ():
            of = Counter(row[factor] for row in design)
            each = [of[level] for level in {row[factor] for row in members}]
            assert max(each) - min(each) <= 1
    for factor in {"filters", "shape", "pool"} & set(rows(experiment)[0]):
        each = Counter(row[factor] for row in by_role["entry"]).values()
        assert count < 3 or max(each) - min(each) <= 1  # over both designs together


@pytest.mark.long
def test_more_pairs_than_chance_and_the_same_by_the_same_seed():
    drawn = [c.levels for c in balanced.balanced(read(1), 24, seed=1) if c.role == "entry"]
    chance = [rows(1)[i] for i in np.random.default_rng(0).permutation(96)[:24]]
    assert min(balanced.pairs(drawn).values()) > min(balanced.pairs(chance).values())
    few, same, other = ([c.key for c in balanced.balanced(read(1), 6, seed)] for seed in (1, 1, 2))
    assert few == same != other


@pytest.mark.parametrize(("experiment", "count"), [(1, 24), (1, 48), (2, 24), (2, 28)])
def test_levels_of_two_factors_do_not_go_together(experiment, count):
    drawn = [c.levels for c in balanced.balanced(read(experiment), count, seed=1) if c.role == "entry"]
    assert balanced.meetings(drawn) == balanced.meetings(rows(experiment))


def test_more_than_there_are():
    with pytest.raises(ValueError, match="has 14 configurations a role"):
        balanced.balanced(read(3), 15, seed=1)
