import numpy as np
import pytest

from segue_models.beats import tatum
from test_tempogram import FPS, strength


def found(*heard, sounding=None):
    on = np.ones(len(heard[0]), bool) if sounding is None else sounding
    return tatum.find(list(heard), FPS, on)[0]


def farthest(times, tatums):
    """Seconds from a time to its tatum, at most."""
    return np.abs(times[:, None] - tatums).min(axis=1).max()


def test_tatums_of_a_click_lie_on_it_to_the_end():
    times = np.arange(0.3, 300, 60 / 148.0)
    tatums = found(strength(times, 300))
    assert farthest(times, tatums) < 0.012 and np.ptp(np.diff(tatums)) < 1e-9


def test_a_minute_of_off_beats_alone_moves_nothing():
    """The bass and the hats of a breakdown: the old tracker slipped half a beat there and stayed."""
    times = np.arange(0.3, 150, 60 / 124.0)
    breakdown = (times > 50) & (times < 110)
    off = times + 30 / 124.0
    tatums = found(
        strength(times[~breakdown], 150) + 0.4 * strength(off[~breakdown], 150) + strength(off[breakdown], 150)
    )
    assert farthest(times, tatums) < 0.012 and np.ptp(np.diff(tatums)) < 1e-9


def test_a_click_is_followed_through_bars_without_it():
    times = np.arange(0.3, 120, 0.6)
    assert farthest(times, found(strength(times[(times < 40) | (times > 60)], 120))) < 0.02


def test_a_pause_moves_no_tatum():
    times = np.arange(0.3, 60, 60 / 97.0)
    played = np.append(times, times + 100.0)
    heard = strength(played, 160)
    sounding = np.ones(len(heard), bool)
    sounding[6000:10000] = False
    tatums = found(heard, sounding=sounding)
    assert farthest(times, tatums) < 0.035 and farthest(times + 100.0, tatums) < 0.035


def test_a_tempo_that_drifts_is_followed():
    times = 0.5 + np.cumsum(0.5 * (1 + 0.03 * np.sin(2 * np.pi * np.arange(200) / 59)))
    halves = np.interp(np.arange(0, 199, 0.5), np.arange(200), times)
    tatums = found(strength(times, times[-1] + 1) + 0.5 * strength(halves, times[-1] + 1))
    assert np.mean(np.abs(times[:, None] - tatums).min(axis=1) < 0.03) > 0.95


def test_a_tempo_that_jumps_is_followed_from_the_beat_on():
    times = np.append(np.arange(0.3, 40, 0.6), np.arange(40.5, 90, 0.48))
    halves = np.interp(np.arange(0, len(times) - 1, 0.5), np.arange(len(times)), times)
    tatums = found(strength(times, 90) + 0.5 * strength(halves, 90))
    assert np.mean(np.abs(times[:, None] - tatums).min(axis=1) < 0.03) > 0.95


def test_the_strength_near_a_time_is_the_largest_within_20_ms():
    values = np.zeros(100)
    values[[50, 53]] = 1.0, 2.0
    assert tatum.near(values, 100.0, np.array([0.50, 0.51, 0.0, 0.99])).tolist() == [1.0, 2.0, 0.0, 0.0]


@pytest.mark.parametrize("seconds", [4.0, 7.0])
def test_a_few_seconds_have_tatums_too(seconds):
    times = np.arange(0.3, seconds, 0.5)
    assert farthest(times, found(strength(times, seconds))) < 0.03
