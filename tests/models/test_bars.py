import numpy as np
import pytest

from segue_models.beats import bars, tracking
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


@pytest.mark.parametrize("beats_per_bar", [4, 3])
def test_the_bar_is_found(clicks, beats_per_bar):
    times = np.arange(0.7, 59.5, 0.5)
    grid = tracking.track(front_end(band(clicks, times, 60.0, beats_per_bar)))
    assert grid.beats_per_bar == beats_per_bar
    downbeats = grid.times[grid.positions == 1]
    assert f_measure(times[::beats_per_bar], downbeats) > 0.95


def test_a_loud_off_beat_does_not_move_the_bar(clicks):
    """A hi-hat between the beats, twice as loud as they are: chords and bass still change on the beat."""
    times = np.arange(0.7, 59.0, 0.55)
    mono = band(clicks, times, 60.0) + 2 * clicks(times + 0.275, 60.0)
    grid = tracking.track(front_end(mono.astype(np.float32)))
    assert f_measure(times, grid.times) > 0.95


def activations(times, downbeats, seconds, sure=0.9):
    """What a network would say that hears the beats, and which of them are downbeats."""
    heard = np.full((round(seconds * 100) + 1, 3), 0.01, np.float32)
    at = np.rint(times * 100).astype(int)
    heard[at, np.where(np.isin(times, downbeats), 2, 1)] = sure
    heard[:, 0] = 1.0 - heard[:, 1:].sum(axis=1)
    return heard


@pytest.mark.parametrize(("metre", "first"), [(4, 0), (4, 2), (3, 1)])
def test_where_the_music_says_nothing_the_network_decides(clicks, metre, first):
    times = np.arange(0.5, 59.5, 0.5)
    front = front_end(clicks(times, 60.0))
    grid = bars.find(front, times, activations(times, times[first::metre], 60.0))
    assert grid.beats_per_bar == metre
    assert np.allclose(grid.times[grid.positions == 1][:20], times[first::metre][:20])


def test_a_network_that_hears_the_beats_between_them_moves_them(clicks):
    times = np.arange(0.5, 59.5, 0.5)
    front = front_end(clicks(times, 60.0))
    off = times + 0.25
    grid = bars.find(front, times, activations(off, off[::4], 60.0))
    assert np.abs(grid.times[:, None] - off).min(axis=1).max() < 0.01
