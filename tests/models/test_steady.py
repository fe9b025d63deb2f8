import numpy as np
import pytest

from segue_models.beats import steady


def strength(times, seconds, fps):
    """A bump of 20 ms at each time."""
    at = np.arange(round(seconds * fps)) / fps
    return np.exp(-0.5 * ((at[:, None] - times) / 0.02) ** 2).sum(axis=1)


@pytest.mark.parametrize("fps", [43.07, 100.0])
@pytest.mark.parametrize("bpm", [80.5, 103.7, 148.0, 151.3])
def test_the_tempo_of_a_click_is_exact(bpm, fps):
    assert steady.tempo_bpm(strength(np.arange(0.3, 120, 60 / bpm), 120, fps), fps) == pytest.approx(bpm, rel=5e-4)


def test_beats_of_a_click_lie_on_it_to_the_end():
    times = np.arange(0.3, 300, 60 / 148.0)
    found = steady.decode(strength(times, 300, 100.0), 100.0)
    assert np.abs(found[:, None] - times).min(axis=1).max() < 0.01 and len(found) == len(times)


def test_a_click_is_followed_through_bars_without_it():
    times = np.arange(0.3, 120, 0.6)
    heard = times[(times < 40) | (times > 60)]
    found = steady.decode(strength(heard, 120, 100.0), 100.0)
    assert np.abs(times[:, None] - found).min(axis=1).max() < 0.02


def test_a_tempo_that_drifts_is_followed():
    times = 0.5 + np.cumsum(0.5 * (1 + 0.08 * np.sin(2 * np.pi * np.arange(200) / 59)))
    found = steady.decode(strength(times, times[-1] + 1, 100.0), 100.0)
    assert np.mean(np.abs(times[:, None] - found).min(axis=1) < 0.03) > 0.95


def test_the_strength_near_a_time_is_the_largest_within_20_ms():
    values = np.zeros(100)
    values[[50, 53]] = 1.0, 2.0
    assert steady.near(values, 100.0, np.array([0.50, 0.51, 0.0, 0.99])).tolist() == [1.0, 2.0, 0.0, 0.0]


def test_a_pause_moves_no_beat():
    times = np.arange(0.3, 60, 60 / 97.0)
    played = np.append(times, times + 100.0)
    heard = strength(played, 160, 100.0)
    sounding = np.ones(len(heard), bool)
    sounding[6000:10000] = False
    heard[~sounding] = 0.0
    assert steady.tempo_bpm(heard, 100.0) == pytest.approx(97.0, rel=0.01)
    found = steady.decode(heard, 100.0, sounding)
    for part in (found[found < 60], found[found > 100.2]):
        assert np.abs(part[:, None] - played).min(axis=1).max() < 0.03
