import numpy as np
import pytest

from segue_models.beats import beat_detector


def pulses(at, frames=3000, noise=0.02):
    activation = noise * np.random.default_rng(0).random(frames)
    activation[at] = 0.9
    return activation


@pytest.mark.parametrize("step", [28, 37, 50, 92, 140])
def test_a_steady_beat_is_found_at_its_tempo_and_in_phase(step):
    at = np.arange(17, 3000, step)
    times = beat_detector.decode(pulses(at))
    assert len(times) == len(at) and np.abs(times - at / 100).max() <= 0.02


def test_the_interval_is_the_naive_autocorrelations():
    heard = beat_detector.smooth(np.random.default_rng(1).random(900) ** 8, 100.0)
    lags = np.arange(24, 151)
    strength = np.array([np.abs(heard[lag:] * heard[:-lag]).sum() for lag in lags])
    window = np.hamming(9)
    smooth = [
        sum(strength[i + j - 4] * window[j] for j in range(9) if 0 <= i + j - 4 < len(lags)) for i in range(len(lags))
    ]
    assert beat_detector.interval(heard, 100.0) == lags[int(np.argmax(smooth))]


def test_beats_may_stray_from_the_tempo_by_a_fifth_and_are_then_found_from_there():
    drift = np.cumsum(50 + np.random.default_rng(0).integers(-4, 5, 55))
    times = beat_detector.decode(pulses(drift, drift[-1] + 50))
    assert np.mean([np.abs(times - t / 100).min() <= 0.03 for t in drift]) > 0.95


def test_a_rest_is_counted_through():
    at = np.arange(17, 3000, 50)
    times = beat_detector.decode(pulses(np.delete(at, range(20, 24)), noise=0.0))
    assert np.abs(times - at / 100).max() <= 0.02


@pytest.mark.parametrize("frames", [0, 1, 150])
def test_less_than_a_slow_beat_has_none(frames):
    assert len(beat_detector.decode(np.ones(frames))) == 0


def test_silence_is_no_trouble():
    assert np.isfinite(beat_detector.decode(np.zeros(1000))).all()
