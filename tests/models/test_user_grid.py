"""The user's grid over clicks whose places are known, and tempo maps by arithmetic."""

import math

import numpy as np
import pytest

from segue_models.beats import user_grid
from segue_models.beats.user_grid import BadGrid, TempoMap, UserGrid, agreement, make
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.signal.front_end import front_end

SECONDS = 40.0


def clicks(times, accents=()):
    """A front end that heard a tick at each of the times (seconds), and a low thud at the accents."""
    t = np.arange(2000) / RATE_HZ
    sound = 1e-4 * np.random.default_rng(0).normal(size=round(SECONDS * RATE_HZ))
    for at in times:
        sound[round(at * RATE_HZ) :][:2000] += 0.3 * np.sin(2 * np.pi * 2000 * t) * np.exp(-150 * t)
    for at in accents:
        sound[round(at * RATE_HZ) :][:2000] += 0.8 * np.sin(2 * np.pi * 80 * t) * np.exp(-40 * t)
    return front_end(sound.astype(np.float32))


def beats(bpm, first, metre=4):
    times = np.arange(first, SECONDS - 0.1, 60 / bpm)
    return BeatGrid(times, np.arange(len(times)) % metre + 1, metre)


FOUND = beats(120.0, 0.5)


def hear(grid, metre=4):
    return clicks(grid.times, grid.times[::metre])


@pytest.mark.parametrize("bpm", [61.7, 97.3, 124.0, 181.1])
def test_a_tempo_that_is_told_is_laid_where_the_music_is(bpm):
    truth = beats(bpm, 0.3141)
    grid = make(UserGrid(bpm=bpm), FOUND, hear(truth), None)
    assert np.allclose(np.diff(grid.times), 60 / bpm)
    off = grid.times - 0.3141
    assert np.abs(off - np.rint(off * bpm / 60) * 60 / bpm).max() < 0.015
    assert grid.times[0] < 0.4 and grid.times[-1] > SECONDS - 60 / bpm - 0.1


@pytest.mark.parametrize("metre", [2, 3, 5, 7])
def test_only_the_metre_that_is_told_is_counted_from_where_its_bars_begin(metre):
    truth = beats(110.0, 0.5)
    front = clicks(truth.times, truth.times[1::metre])
    grid = make(UserGrid(bpm=110.0, meter=(metre, 8)), FOUND, front, None)
    assert (grid.beats_per_bar, grid.beat_unit) == (metre, 8)
    downbeats = grid.times[grid.positions == 1]
    assert np.abs(downbeats[:, None] - truth.times[1::metre]).min(axis=0).max() < 0.02


@pytest.mark.parametrize(("metre", "part", "step"), [(6, 1, 0.3), (6, 3, 0.2), (9, 3, 0.2), (7, 2, 0.24), (7, 1, 0.24)])
def test_eighths_are_counted_though_slower_beats_were_found(metre, part, step):
    """Bars of so many eighths, a tick on each, a thud on the first; beats of one, two or three of them were found."""
    eighths = np.arange(0.5, SECONDS - 0.2, step)
    front = clicks(eighths, eighths[::metre])
    slower = eighths[::part]
    found = BeatGrid(slower, np.arange(len(slower)) % 4 + 1)
    grid = make(UserGrid(meter=(metre, 8)), found, front, None)
    assert (grid.beats_per_bar, grid.beat_unit) == (metre, 8)
    assert np.allclose(np.diff(grid.times), step)
    inside = eighths[::metre][eighths[::metre] < grid.times[-1] + 0.01]
    assert np.abs(grid.times[grid.positions == 1][:, None] - inside).min(axis=0).max() < 0.02


@pytest.mark.parametrize("downbeat", [0.01, 7.777, 39.9])
@pytest.mark.parametrize("said", [{}, {"bpm": 93.0}, {"meter": (3, 4)}, {"bpm": 140.0, "meter": (6, 8)}])
def test_a_downbeat_that_is_told_is_one(downbeat, said):
    grid = make(UserGrid(downbeat=downbeat, **said), FOUND, hear(FOUND), None)
    (at,) = np.flatnonzero(grid.times == downbeat)
    assert grid.positions[at] == 1
    assert np.array_equal(grid.positions, (np.arange(len(grid.times)) - at) % grid.beats_per_bar + 1)
    assert np.allclose(np.diff(grid.times), 60 / said.get("bpm", 120.0), atol=1e-6)


def test_double_and_half_keep_the_metre_and_the_beats():
    front = hear(FOUND)
    double, half = (make(UserGrid(tempo=tempo), FOUND, front, None) for tempo in ("double", "half"))
    assert np.allclose(np.diff(double.times), 0.25) and np.isin(FOUND.times, double.times).all()
    assert np.allclose(np.diff(half.times), 1.0) and np.isin(half.times, FOUND.times).all()
    assert double.beats_per_bar == half.beats_per_bar == 4


def changing():
    """Eight bars of four, eight of three and some of four, at 120 beats a minute from 0.5 s on."""
    lengths = [4] * 8 + [3] * 8 + [4] * 5
    places = np.concatenate([np.arange(length) + 1 for length in lengths])
    return BeatGrid(0.5 + 0.5 * np.arange(len(places)), places)


@pytest.mark.parametrize(("downbeat", "moved"), [(0.5, 0), (1.0, 1), (2.0, -1), (18.0, 0), (16.6, 0), (19.0, -1)])
def test_a_downbeat_that_is_told_moves_the_bars_of_a_changing_metre(downbeat, moved):
    found = changing()
    grid = make(UserGrid(downbeat=downbeat), found, hear(found), None)
    lines = np.concatenate([[0], np.cumsum([4] * 8 + [3] * 8)]) + moved
    told = np.rint((grid.times[grid.positions == 1] - 0.5 - (downbeat * 2 % 1) / 2) / 0.5)
    assert {*lines[lines > 0].tolist()} <= {*told.tolist()} and downbeat in grid.times[grid.positions == 1]


@pytest.mark.parametrize(
    ("shift", "first", "positions"),
    [(0.5, 0.25, [4, 1, 2]), (1, 0.0, [3, 4, 1]), (-1, 0.0, [1, 2, 3]), (4, 0.0, [4, 1, 2])],
)
def test_a_shifted_grid_is_the_same_one_later(shift, first, positions):
    grid = make(UserGrid(shift=shift), FOUND, hear(FOUND), None)
    assert np.allclose(grid.times, first + 0.5 * np.arange(len(grid.times)))
    assert grid.positions[:3].tolist() == positions and grid.times[-1] > SECONDS - 0.6
    assert grid.bar_and_beat(grid.times[grid.positions == 1][0])[0] == 1


def test_what_silence_the_music_begins_with_holds_no_beats_but_those_of_a_tempo_map():
    front = hear(beats(120.0, 10.0))
    for said in ({"bpm": 120.0}, {"downbeat": 12.0}, {"shift": 1.0}):
        assert make(UserGrid(**said), FOUND, front, None, lead=9.0).times[0] >= 8.94
    told = UserGrid(tempo_map=TempoMap(((0.0, 0.0), (1.0, 2.0))))
    assert make(told, FOUND, front, None, lead=9.0).times[0] == 0.0


def test_a_tempo_map_is_what_a_sequencer_makes_of_it():
    """60 quarters a minute, from second 8 on 120; three bars of 4/4, then 7/8."""
    tempo_map = TempoMap(((0.0, 0.0), (8.0, 8.0), (9.0, 10.0)), ((0.0, 4, 4), (12.0, 7, 8)))
    grid = make(UserGrid(tempo_map=tempo_map), FOUND, hear(FOUND), None)
    assert np.allclose(grid.times[:12], [*range(9), 8.5, 9.0, 9.5])
    assert np.allclose(grid.times[12:26], 10 + 0.25 * np.arange(14))
    assert grid.positions[:20].tolist() == [1, 2, 3, 4] * 3 + [1, 2, 3, 4, 5, 6, 7, 1]
    assert (grid.beats_per_bar, grid.beat_unit, grid.first_bar) == (7, 8, 1)
    assert grid.times[-1] < SECONDS <= grid.times[-1] + 0.25 + 1e-6


def test_a_tempo_map_that_begins_late_or_early_counts_in_its_own_bars():
    session = TempoMap(((3.0, 100.0), (4.0, 102.0)), ((101.0, 3, 4),), first_bar=20)
    grid = make(UserGrid(tempo_map=session), FOUND, hear(FOUND), None)
    bar, beat = grid.bar_and_beat([3.5, 5.0, 0.6])
    assert (bar.tolist(), beat.tolist()) == ([20, 21, 18], [1.0, 1.0, pytest.approx(1.2)])
    early = make(UserGrid(tempo_map=session).later(-10.0), FOUND, hear(FOUND), None)
    assert early.times[0] == -6.5 and early.bar_and_beat(-6.5)[0] == 20
    half = make(UserGrid(tempo_map=session, shift=0.5), FOUND, hear(FOUND), None)
    assert half.bar_and_beat(3.75) == (20, 1.0)


def test_the_music_agrees_with_its_own_beats_and_with_no_others():
    front = hear(FOUND)
    wrong = [beats(120.6, 0.5), beats(127.0, 0.5), beats(120.0, 0.7)]
    assert agreement(FOUND, FOUND, front, None) == 1.0
    assert all(agreement(grid, FOUND, front, None) < user_grid.AGREES for grid in wrong)
    for tempo in ("double", "half"):
        assert agreement(make(UserGrid(tempo=tempo), FOUND, front, None), FOUND, front, None) > user_grid.AGREES


@pytest.mark.parametrize(
    "said",
    [
        {"bpm": 0.0}, {"bpm": -120.0}, {"bpm": math.nan}, {"bpm": math.inf}, {"bpm": 5000.0},
        {"meter": (13, 0)}, {"meter": (1, 4)}, {"meter": (4, 3)}, {"meter": (0, 4)},
        {"downbeat": math.nan}, {"tempo": "triple"}, {"shift": math.nan}, {"shift": 1e6},
        {"bpm": 120.0, "tempo": "half"}, {"tempo_map": TempoMap(((0.0, 0.0), (1.0, 2.0))), "bpm": 120.0},
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_is_refused_in_one_sentence(said):
    with pytest.raises(BadGrid) as fault:
        UserGrid(**said)
    assert str(fault.value) and "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("points", "signatures"),
    [
        (((0.0, 0.0),), ((0.0, 4, 4),)),
        (((0.0, 0.0), (0.0, 1.0)), ((0.0, 4, 4),)),
        (((0.0, 1.0), (1.0, 1.0)), ((0.0, 4, 4),)),
        (((0.0, 0.0), (math.nan, 1.0)), ((0.0, 4, 4),)),
        (((0.0, 0.0), (math.inf, 1.0)), ((0.0, 4, 4),)),
        (((0.0, 0.0), (1e-9, 1.0)), ((0.0, 4, 4),)),
        (((0.0, 0.0), (1.0, 2.0)), ()),
        (((0.0, 0.0), (1.0, 2.0)), ((0.0, 4, 0),)),
        (((0.0, 0.0), (1.0, 2.0)), ((4.0, 4, 4), (0.0, 3, 4))),
    ],
)
def test_a_tempo_map_that_cannot_be_is_refused(points, signatures):
    with pytest.raises(BadGrid):
        TempoMap(points, signatures)


@pytest.mark.parametrize(
    "tempo_map",
    [
        TempoMap(((0.0, 0.0), (60.0, 1.0))),  # a beat a minute
        TempoMap(((0.0, 0.0), (1.0, 50.0))),
        TempoMap(((-1e6, 0.0), (-1e6 + 1, 2.0))),  # a million seconds of beats before the music
        TempoMap(((0.0, 0.0), (1.0, 2.0)), last_note=99.0),
    ],
)
def test_a_map_of_another_recording_is_refused(tempo_map):
    with pytest.raises(BadGrid):
        UserGrid(tempo_map=tempo_map).check(SECONDS)


@pytest.mark.parametrize("downbeat", [-0.1, 40.1])
def test_a_downbeat_outside_the_recording_is_refused(downbeat):
    with pytest.raises(BadGrid, match="outside"):
        UserGrid(downbeat=downbeat).check(SECONDS)
    UserGrid(downbeat=SECONDS).check(SECONDS)
