import numpy as np
import pytest

from segue_models.beats import metre, tracking
from segue_models.signal.front_end import front_end

RATE = 44100


def f_measure(truth, found):
    import mir_eval

    return mir_eval.beat.f_measure(mir_eval.beat.trim_beats(truth), mir_eval.beat.trim_beats(found))


def band(clicks, times, seconds, beats_per_bar=4):
    """Ticks on every beat, a drum on the downbeat, and a chord that changes from bar to bar."""
    out = clicks(times, seconds, accents=np.arange(len(times)) % beats_per_bar == 0)
    t = np.arange(len(out)) / RATE
    roots = np.array([57, 53, 60, 55])
    bar = np.clip(np.searchsorted(times[::beats_per_bar], t, side="right") - 1, 0, None)
    for interval in (0, 4, 7):
        hz = 440 * 2 ** ((roots[bar % 4] + interval - 69) / 12)
        out += (0.05 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)).astype(np.float32)
    return out


def activations(times, downbeats, seconds, sure=0.9):
    """What a network would say that hears the beats, and which of them are downbeats."""
    heard = np.full((round(seconds * 100) + 1, 3), 0.01, np.float32)
    at = np.rint(times * 100).astype(int)
    heard[at, np.where(np.isin(times, downbeats), 2, 1)] = sure
    heard[:, 0] = 1.0 - heard[:, 1:].sum(axis=1)
    return heard


@pytest.mark.parametrize("beats_per_bar", [3, 4, 5, 7])
def test_the_bar_is_found(clicks, beats_per_bar):
    times = np.arange(0.7, 59.5, 0.5)
    grid = tracking.track(front_end(band(clicks, times, 60.0, beats_per_bar))).grid
    assert grid.beats_per_bar == beats_per_bar
    assert f_measure(times[::beats_per_bar], grid.times[grid.positions == 1]) > 0.95


@pytest.mark.parametrize(("beats_per_bar", "first"), [(4, 0), (4, 2), (3, 1), (5, 4)])
def test_where_the_music_says_nothing_the_network_decides(clicks, beats_per_bar, first):
    times = np.arange(0.5, 59.5, 0.5)
    front, downbeats = front_end(clicks(times, 60.0)), times[first::beats_per_bar]
    grid = metre.bars(front, times, activations(times, downbeats, 60.0))
    assert grid.beats_per_bar == beats_per_bar and np.allclose(grid.times, times)
    assert np.allclose(grid.times[grid.positions == 1], downbeats)


def test_a_metre_that_is_told_is_kept(clicks):
    times = np.arange(0.5, 59.5, 0.5)
    front = front_end(clicks(times, 60.0))
    assert metre.bars(front, times, activations(times, times[::4], 60.0), [6]).beats_per_bar == 6


@pytest.mark.parametrize("count", [2, 3, 5, 9, 16, 17, 18, 19, 24])
def test_a_few_seconds_of_known_beats_have_bars_too(clicks, count):
    """A selection of nine seconds: `--meter 4/4` on it was an unexpected fault."""
    times = 0.5 + 0.5 * np.arange(count)
    grid = metre.bars(front_end(clicks(times, times[-1] + 1)), times, None, [4])
    assert grid.beats_per_bar == 4 and np.allclose(grid.times, times)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [8, 9, 12, 20])
def test_a_few_tatums_are_counted_without_a_warning(clicks, count):
    tatums = 0.25 + 0.25 * np.arange(count)
    grid, sure = metre.find(front_end(clicks(tatums[::2], tatums[-1] + 1)), tatums)
    assert len(grid.times) >= 2 and 0 < sure <= 1


def test_a_network_that_hears_the_beats_between_the_ticks_moves_them(clicks):
    ticks = np.arange(0.5, 59.5, 0.5)
    off = ticks + 0.25
    halves = np.sort(np.append(ticks, off))
    grid, _ = metre.find(front_end(clicks(ticks, 60.0)), halves, activations(off, off[::4], 60.0))
    assert f_measure(off, grid.times) > 0.95


def test_sections_in_which_beats_and_half_beats_sound_decide_for_all(clicks):
    """For two thirds of the song off-beats sound alone, and the network takes them for beats, as it cannot know."""
    beats = np.arange(0.5, 119.5, 0.5)
    full = (beats < 20) | (beats > 100)
    front = front_end(clicks(beats[full], 120.0) + clicks(beats + 0.25, 120.0))
    heard = activations(np.sort(np.append(beats[full], beats[~full] + 0.25)), beats[::4], 120.0)
    grid, _ = metre.find(front, np.arange(0.5, 119.5, 0.25), heard)
    assert f_measure(beats, grid.times) > 0.95


def test_a_reading_is_as_likely_as_the_others_leave_it(clicks):
    """Ticks alone tell beats, but not as surely as ticks that a network hears too."""
    times = np.arange(0.5, 59.5, 0.5)
    halves = np.arange(0.5, 59.25, 0.25)
    front = front_end(clicks(times, 60.0))
    _, alone = metre.find(front, halves)
    _, heard = metre.find(front, halves, activations(times, times[::4], 60.0))
    assert 0 < alone < heard <= 1


def changing(*sections):
    """Beats half a second apart from 0.7 s on, in bars of (how many, beats of each): beats and downbeats in seconds."""
    lengths = [m for count, m in sections for _ in range(count)]
    times = 0.7 + 0.5 * np.arange(sum(lengths))
    return times, times[np.cumsum([0, *lengths[:-1]])], lengths


@pytest.mark.parametrize("sections", [[(12, 4), (12, 3), (12, 4)], [(16, 3), (16, 4)], [(12, 4), (10, 5)]])
def test_the_metre_may_change_from_section_to_section(clicks, sections):
    times, downbeats, lengths = changing(*sections)
    seconds = float(times[-1]) + 0.6
    front = front_end(clicks(times, seconds, accents=np.isin(times, downbeats)))
    grid, _ = metre.find(front, times[0] + 0.25 * np.arange(2 * len(times)), activations(times, downbeats, seconds))
    assert f_measure(downbeats, grid.times[grid.positions == 1]) > 0.95
    assert grid.beats_per_bar == max({*lengths}, key=lengths.count)
    assert set(np.diff(np.flatnonzero(grid.positions == 1))) == {*lengths}
