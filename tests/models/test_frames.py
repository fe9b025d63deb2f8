import numpy as np
import pytest

from segue_models.signal.frames import FPS, BeatGrid, frame_count, grid_from_downbeats, nearest_frame

GRID = BeatGrid(np.array([0, 0.5, 1, 1.6, 2.2]), np.array([1, 2, 3, 4, 1]))


def test_frame_rate_and_counts_of_the_specification():
    assert FPS == 43.06640625
    assert [frame_count(s * 44100) for s in (10, 30, 60, 180, 240)] == [431, 1292, 2584, 7752, 10336]
    assert nearest_frame(1.0) == 43


@pytest.mark.parametrize(("seconds", "phase"), [(0.25, 0.5), (1.3, 2.5), (1.9, 3.5), (-0.25, -0.5), (2.5, 4.5)])
def test_beat_phase_vectors(seconds, phase):
    assert GRID.phase(seconds) == pytest.approx(phase)
    assert GRID.seconds(phase) == pytest.approx(seconds)


def test_bar_and_beat_count_from_the_first_downbeat():
    grid = BeatGrid(np.arange(10) * 0.5, np.array([4, 1, 2, 3, 4, 1, 2, 3, 4, 1]))
    bar, beat = grid.bar_and_beat([0.0, 0.5, 0.499, 2.25, 4.5])
    assert bar.tolist() == [0, 1, 1, 1, 3]
    assert beat.tolist() == pytest.approx([4.0, 1.0, 1.0, 4.5, 1.0], abs=0.011)


@pytest.mark.parametrize(
    ("times", "positions"),
    [([0.0], [1]), ([0.0, 0.0], [1, 2]), ([0.0, np.nan], [1, 2]), ([1.0, 0.5], [1, 2]), ([0.0, 1.0], [1])],
)
def test_a_grid_that_is_none_is_refused(times, positions):
    with pytest.raises(ValueError, match="beat"):
        BeatGrid(np.array(times), np.array(positions))


def test_metre_of_annotated_beats():
    waltz = grid_from_downbeats(np.arange(9.0), [1, 2, 3] * 3)
    assert waltz.beats_per_bar == 3
    assert grid_from_downbeats(np.arange(8.0), [3, 4, 1, 2, 3, 4, 1, 2]).beats_per_bar == 4


def test_the_tempo_is_that_of_the_median_beat():
    assert GRID.tempo_bpm == pytest.approx(60 / 0.55)


def test_two_beats_are_enough_and_a_bar_has_one_at_least():
    grid = BeatGrid(np.array([1.0, 1.5]), np.array([1, 2]))
    assert (grid.tempo_bpm, grid.phase(2.0), grid.seconds(-1.0)) == (120, 2, 0.5)
    with pytest.raises(ValueError, match="a bar of 0 beats"):
        BeatGrid(np.array([1.0, 1.5]), np.array([1, 2]), 0)


def test_where_no_downbeat_is_known_the_first_beat_begins_bar_one_of_four():
    grid = grid_from_downbeats([1.0, 1.5, 2.0, 2.5, 3.0], [2, 3, 4, 5, 6])
    bar, beat = grid.bar_and_beat(grid.times)
    assert (grid.beats_per_bar, bar.tolist(), beat.tolist()) == (4, [1, 1, 1, 1, 2], [1, 2, 3, 4, 1])


def test_the_metre_of_a_single_beat_that_ends_a_bar():
    assert grid_from_downbeats([0.0, 1.0], [3, 1]).beats_per_bar == 3


def test_what_is_played_on_a_bar_line_is_moved_there_and_nothing_else():
    grid = BeatGrid(np.arange(0.5, 20, 0.5), (np.arange(39) + 2) % 4 + 1)  # bars begin at 1.5, 3.5, ...
    times = np.array([1.5 - 0.059, 1.5 + 0.059, 1.5 - 0.061, 3.5 - 0.011, 3.7, 0.5, 19.5 - 0.02])
    assert grid.to_bar_line(times) == pytest.approx([1.5, 1.5, 1.439, 3.5, 3.7, 0.5, 19.5])
    assert [int(bar) for bar in grid.bar_and_beat(grid.to_bar_line(times))[0]] == [1, 1, 0, 2, 2, 0, 10]
    assert grid.bar_and_beat(grid.to_bar_line(3.489))[1] == 1.0


def test_beats_have_two_digits():
    grid = BeatGrid(np.cumsum(np.random.default_rng(0).uniform(0.48, 0.52, 200)), np.arange(200) % 4 + 1)
    beats = grid.bar_and_beat(np.linspace(0.5, 90, 5000))[1]
    assert all(float(beat) == round(float(beat), 2) for beat in beats)
    assert beats.min() >= 1.0 and beats.max() < 5.0


def test_places_in_the_bar_are_weaker_the_further_they_are_from_its_line():
    four = BeatGrid(np.arange(1.0, 20.0, 0.5), np.tile([4, 1, 2, 3], 10)[:38])  # bars begin at 1.5 s
    times = [1.5, 3.5, 2.5, 2.0, 3.0, 1.75, 1.65, 1.56, 1.57, 0.5]
    assert four.weakness(times).tolist() == [0, 0, 1, 2, 2, 3, 4, 0, 4, 1]
    three = BeatGrid(np.arange(0.0, 20.0, 0.5), np.arange(40) % 3 + 1, 3)
    assert three.weakness([0.0, 0.5, 0.75, 1.0, 1.5]).tolist() == [0, 2, 3, 2, 0]


def changing():
    """Bars of 4 at 0 and 4, of 3 at 8 and 11, of 7 at 14, whose last beats are not there; a beat a second."""
    positions = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6]
    return BeatGrid(np.arange(20.0), np.array(positions), 4, first_bar=7)


def test_where_the_metre_changes_bars_begin_at_its_downbeats():
    grid = changing()
    bar, beat = grid.bar_and_beat(grid.times)
    assert beat.tolist() == grid.positions.tolist()
    assert bar.tolist() == [7] * 4 + [8] * 4 + [9] * 3 + [10] * 3 + [11] * 6
    bar, beat = grid.bar_and_beat([-1.0, -4.0, 10.5, 20.0, 20.5])
    assert (bar.tolist(), beat.tolist()) == ([6, 6, 9, 12, 12], [4.0, 1.0, 3.5, 1.0, 1.5])
    assert grid.to_bar_line([10.95, 13.95, 19.95, -0.05]).tolist() == [11.0, 14.0, 20.0, 0.0]
    assert grid.weakness([8.0, 9.5, 10.0, 6.0, 11.0]).tolist() == [0, 3, 2, 1, 0]


def test_a_place_in_the_bar_knows_how_long_the_bar_is():
    since, length = changing().place([3.5, 10.5, 15.0])
    assert (since.tolist(), length.tolist()) == ([3.5, 2.5, 1.0], [4, 3, 6])


def test_moving_a_grid_keeps_how_it_counts():
    grid = BeatGrid(np.arange(7.0), np.arange(7) % 6 + 1, 6, 8, 17)
    for moved in (grid.later(1.0), grid.after(-1.0)):
        assert (moved.beats_per_bar, moved.beat_unit, moved.first_bar) == (6, 8, 17)


def test_where_there_is_no_pulse_bars_are_counted_on_but_none_is_claimed():
    grid = BeatGrid(np.arange(0.0, 20.0, 0.5), np.arange(40) % 4 + 1, free=((4.0, 8.0),))
    assert grid.claimed([3.9, 4.0, 7.9, 8.0]).tolist() == [True, False, False, True]
    assert grid.bar_and_beat(8.0)[0] == 5
    since, length = grid.place([3.5, 5.5, 8.5])
    assert (since.tolist(), length.tolist()) == ([3.0, 0.0, 1.0], [4, 1, 4])
    assert grid.weakness([3.5, 5.6, 8.5]).tolist() == [2, 0, 2]
    assert grid.to_bar_line([1.97, 5.97, 7.97]).tolist() == [2.0, 5.97, 8.0]
    assert grid.later(1.0).free == ((5.0, 9.0),) and grid.after(1.0).free == grid.free
    assert not BeatGrid(grid.times, np.zeros(40, np.int64)).claimed(1.0)
