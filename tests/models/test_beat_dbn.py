import numpy as np
import pytest

from segue_models.beats import beat_dbn


def pulses(frames, at):
    activation = np.full(frames, 0.01)
    activation[at] = 0.9
    return activation


def test_steady_beats_of_the_specification():
    at = np.arange(20, 1000, 50)
    assert beat_dbn.decode(pulses(1000, at)) == pytest.approx(at / 100)


def test_every_second_beat_where_they_are_faster_than_a_beat_can_be():
    times = beat_dbn.decode(pulses(1000, np.arange(20, 1000, 18)))
    assert times == pytest.approx(np.arange(20, 1000, 36) / 100)


def test_players_who_slow_down_are_followed():
    at = np.cumsum(np.linspace(40, 60, 60)).astype(int)
    assert beat_dbn.decode(pulses(at[-1] + 20, at)) == pytest.approx(at / 100)


def test_a_beat_nobody_plays_is_counted_and_one_too_many_is_not():
    at = np.arange(20, 1000, 50)
    played = np.sort(np.append(np.delete(at, [5, 6, 11]), 343))
    times = beat_dbn.decode(pulses(1000, played))
    assert len(times) == len(at) and np.abs(times - at / 100).max() < 0.035


def test_certain_activations_and_none_at_all_are_no_trouble():
    activation = np.zeros(500, np.float32)
    activation[::50] = 1.0
    assert beat_dbn.decode(activation) == pytest.approx(np.arange(0, 5, 0.5))
    assert len(beat_dbn.decode(np.zeros(0))) == 0
    assert np.isfinite(beat_dbn.decode(np.zeros(300))).all()
