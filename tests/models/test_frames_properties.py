"""The beat grid for any beats, and for any arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from segue_models.signal.frames import BeatGrid


@st.composite
def grids(draw):
    """Beats of 30 to 300 a minute, each as long as it likes, the first downbeat after up to a bar."""
    metre = draw(st.integers(2, 7))
    pick_up = draw(st.integers(0, metre - 1))
    steps = draw(st.lists(st.floats(0.2, 2.0), min_size=metre, max_size=60))
    times = np.cumsum([draw(st.floats(-1, 100)), *steps])
    return BeatGrid(times, (np.arange(len(times)) - pick_up) % metre + 1, metre)


SECONDS = st.lists(st.floats(-10, 250), min_size=1, max_size=40).map(np.array)


@given(grids(), SECONDS)
def test_beats_and_seconds_are_each_other_s_inverse(grid, seconds):
    assert np.allclose(grid.seconds(grid.phase(seconds)), seconds, atol=1e-6)
    assert np.allclose(grid.phase(grid.times), np.arange(len(grid.times)))
    assert np.allclose(grid.seconds(np.arange(len(grid.times))), grid.times)


@given(grids(), SECONDS)
def test_later_is_never_earlier_in_the_count(grid, seconds):
    assert np.all(np.diff(grid.phase(np.sort(seconds))) >= 0)
    after = np.sort(seconds[seconds >= grid.times[grid.positions == 1][0]])
    bar, beat = grid.bar_and_beat(after)
    assert np.all(np.diff(bar * (grid.beats_per_bar + 1) + beat) >= 0)
    assert np.all(bar >= 1) and np.all(beat >= 1) and np.all(beat < grid.beats_per_bar + 1)


@given(grids())
def test_every_beat_of_a_bar_is_counted(grid):
    first = np.flatnonzero(grid.positions == 1)[0]
    bar, beat = grid.bar_and_beat(grid.times[first:])
    assert np.allclose(beat, grid.positions[first:])
    assert np.array_equal(bar, np.arange(len(bar)) // grid.beats_per_bar + 1)


@given(grids(), st.floats(0.5, 2), st.floats(-5, 5))
def test_a_recording_that_is_slower_and_starts_later_counts_the_same(grid, slower, later):
    other = BeatGrid(grid.times * slower + later, grid.positions, grid.beats_per_bar)
    assert other.tempo_bpm == pytest.approx(grid.tempo_bpm / slower, rel=1e-6)
    between = (grid.times[:-1] + grid.times[1:]) / 2
    assert np.allclose(other.phase(between * slower + later), grid.phase(between), atol=1e-6)


@given(npst.arrays(np.float64, npst.array_shapes(max_dims=2, max_side=6)), st.lists(st.integers(-2, 9), max_size=6))
def test_any_arrays_are_a_grid_that_counts_or_are_refused(times, positions):
    try:
        grid = BeatGrid(times, np.array(positions, np.int64))
    except ValueError as fault:
        assert "beat" in str(fault)
        return
    assert np.all(np.isfinite(times)) and np.all(times[1:] > times[:-1]) and len(times) == len(positions) >= 2
    assert grid.tempo_bpm > 0
