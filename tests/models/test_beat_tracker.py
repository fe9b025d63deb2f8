import numpy as np
import pytest

from segue_models.beats import beat_detector, beat_tracker


def pulses(at, frames):
    activation = 0.02 * np.random.default_rng(0).random(frames)
    activation[at] = 0.9
    return activation


def hits(times, at):
    return np.mean([np.abs(times - t / 100).min() <= 0.05 for t in at])


def test_a_steady_beat_is_followed_to_its_end():
    at = np.arange(17, 3000, 50)
    times = beat_tracker.decode(pulses(at, 3000))
    assert len(times) == len(at) and np.abs(times - at / 100).max() <= 0.02


def test_a_tempo_that_doubles_over_the_song_is_followed_where_one_tempo_is_not_enough():
    at = np.cumsum(np.geomspace(80, 40, 110)).astype(int)
    activation = pulses(at, at[-1] + 60)
    followed, steady = beat_tracker.decode(activation), beat_detector.decode(activation)
    assert hits(followed, at) > 0.95 and len(followed) < 1.1 * len(at)
    assert hits(steady, at) < 0.9


@pytest.mark.parametrize("frames", [0, 1, 150])
def test_less_than_a_slow_beat_has_none(frames):
    assert len(beat_tracker.decode(np.ones(frames))) == 0


def test_times_increase_also_in_noise_and_silence():
    for activation in (np.random.default_rng(0).random(2500), np.zeros(2500)):
        times = beat_tracker.decode(activation)
        assert (np.diff(times) > 0).all() and times[-1] > 20
