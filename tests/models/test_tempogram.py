import numpy as np
import pytest

from segue_models.beats import tempogram

FPS = 100.0


def strength(times, seconds, width=0.02):
    """A bump at each time."""
    at = np.arange(round(seconds * FPS)) / FPS
    return np.exp(-0.5 * ((at[:, None] - times) / width) ** 2).sum(axis=1)


def beats_and_halves(bpm, seconds):
    return strength(np.arange(0.3, seconds, 60 / bpm), seconds) + 0.5 * strength(
        np.arange(0.3, seconds, 30 / bpm), seconds
    )


def octave(bpm):
    """The same tempo between 80 and 160."""
    return 80 * 2 ** (np.log2(bpm / 80) % 1)


@pytest.mark.parametrize("bpm", [47.0, 80.5, 103.7, 151.3, 210.0])
def test_the_tempo_of_a_click_is_exact_but_for_its_octave(bpm):
    heard = beats_and_halves(bpm, 120)
    sounding = np.ones(len(heard), bool)
    found = tempogram.curve(heard, FPS, sounding)
    assert octave(found.bpm) == pytest.approx(octave(bpm), rel=0.006)
    exact, power = tempogram.exact(heard, FPS, sounding, float(np.median(found.bpm)))
    assert octave(exact) == pytest.approx(octave(bpm), rel=1e-4)
    assert power > 100 and np.median(found.evidence) > 45


def test_two_thirds_of_a_tempo_are_not_taken_for_it():
    """A waltz at 150, its first beats loud: bars of 50, never 100 or 112.5."""
    times = np.arange(0.3, 90, 0.4)
    heard = strength(times, 90) + strength(times[::3], 90)
    found = tempogram.curve(heard, FPS, np.ones(len(heard), bool)).octave_near(140)
    assert found.bpm == pytest.approx(150, rel=0.01)


def test_a_tempo_that_jumps_is_followed_within_seconds():
    slow, fast = np.arange(0.3, 40, 0.6), np.arange(40.0, 80, 0.48)
    heard = strength(np.append(slow, fast), 80) + 0.5 * strength(np.append(slow + 0.3, fast + 0.24), 80)
    found = tempogram.curve(heard, FPS, np.ones(len(heard), bool)).octave_near(112)
    assert found.bpm[:36] == pytest.approx(100, rel=0.01) and found.bpm[45:] == pytest.approx(125, rel=0.01)


def test_noise_is_no_more_than_chance():
    """Mean 1, so three harmonics of it have a mean of 3."""
    rng = np.random.default_rng(0)
    heard = rng.exponential(size=12_000)
    power, busy = tempogram.power(heard, FPS, np.ones(len(heard), bool))
    assert power.mean() == pytest.approx(3.0, rel=0.15)
    assert np.median(busy) == pytest.approx(1.0, rel=0.05)
    assert tempogram.curve(heard, FPS, np.ones(len(heard), bool)).evidence.max() < 45


def test_where_more_begins_it_is_busier():
    sparse, dense = strength(np.arange(0.3, 60, 1.0), 120), strength(np.arange(60.2, 120, 0.25), 120)
    heard = sparse + dense
    busy = tempogram.curve(heard, FPS, np.ones(len(heard), bool)).busy
    assert np.median(busy[10:50]) < 0.7 < 1.2 < np.median(busy[70:110])
