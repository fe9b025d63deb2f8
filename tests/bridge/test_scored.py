import json
from dataclasses import replace

import numpy as np
import pytest

from segue_bridge.scored import Scored
from test_picking import cuts, scored


def test_it_comes_back_from_its_text_as_it_was():
    rng = np.random.default_rng(0)
    before = scored(cuts(np.sort(rng.uniform(10, 70, 9)), rng.random(9)), cuts([]))
    before = replace(before, grid=replace(before.grid, beats_per_bar=6, beat_unit=8, first_bar=17))
    after = Scored.from_json(before.to_json())
    assert after.to_json() == before.to_json()
    assert np.array_equal(after.exits.times, before.exits.times)
    assert np.array_equal(after.exits.context, before.exits.context)
    assert np.array_equal(after.exits.levels, before.exits.levels)
    assert np.array_equal(after.grid.times, before.grid.times) and after.grid.positions.dtype == np.int64
    assert (after.grid.beats_per_bar, after.grid.beat_unit, after.grid.first_bar) == (6, 8, 17)
    assert (after.audio, after.models, after.sections, after.warnings) == (
        before.audio, before.models, before.sections, before.warnings
    )  # fmt: skip


@pytest.mark.parametrize("change", ["[]", "{}", "grid", "exits", "audio"])
def test_anything_else_is_refused(change):
    text = change
    if change in ("grid", "exits", "audio"):
        facts = json.loads(scored(cuts([20.0]), cuts([])).to_json())
        facts[change] = [[1.0], [], 4]
        text = json.dumps(facts)
    with pytest.raises((ValueError, KeyError, TypeError)):
        Scored.from_json(text)


def test_parts_without_a_pulse_come_back():
    before = scored(cuts([20.0]), cuts([]))
    before = replace(before, grid=replace(before.grid, free=((10.0, 31.0), (50.25, 60.0))))
    assert Scored.from_json(before.to_json()).grid.free == ((10.0, 31.0), (50.25, 60.0))
