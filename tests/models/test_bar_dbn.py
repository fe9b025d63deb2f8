import numpy as np
import pytest

from segue_models.beats import bar_dbn


def song(beats_per_bar, step=47, beats=60, first=2, noise=0.04, seed=0):
    """Activations of beats whose number `first` opens a bar; returns also their frames."""
    rng = np.random.default_rng(seed)
    at = 30 + step * np.arange(beats)
    activation = noise * rng.random((at[-1] + 60, 2))
    activation[at] = [0.8, 0.1]
    activation[at[first::beats_per_bar]] = [0.15, 0.75]
    return activation, at


@pytest.mark.parametrize("beats_per_bar", [3, 4])
@pytest.mark.parametrize("first", [0, 2])
def test_beats_bars_and_metre_are_found(beats_per_bar, first):
    activation, at = song(beats_per_bar, first=first)
    bars = bar_dbn.decode(activation)
    assert bars.times == pytest.approx(at / 100)
    assert bars.beats_per_bar == beats_per_bar
    assert bars.positions.tolist() == ((np.arange(len(at)) - first) % beats_per_bar + 1).tolist()
    assert bars.confidence > 0.6


def test_downbeats_that_are_missed_or_heard_where_there_are_none_do_not_break_the_bars():
    activation, at = song(4, first=0)
    activation[at[8]] = [0.8, 0.1]
    activation[at[18]] = [0.3, 0.6]
    bars = bar_dbn.decode(activation)
    assert bars.positions.tolist() == (np.arange(len(at)) % 4 + 1).tolist()


def test_the_song_is_where_something_is_heard():
    activation, at = song(4, noise=0.0)
    silence = np.zeros((800, 2))
    bars = bar_dbn.decode(np.vstack([silence, activation, silence]))
    assert bars.times == pytest.approx(8 + at / 100)


def test_other_metres_on_demand():
    activation, at = song(5, first=0)
    bars = bar_dbn.decode(activation, metres=(3, 4, 5))
    assert bars.beats_per_bar == 5 and bars.times[bars.positions == 1] == pytest.approx(at[::5] / 100)


@pytest.mark.parametrize("frames", [0, 1, 500])
def test_silence_has_no_beats(frames):
    bars = bar_dbn.decode(np.zeros((frames, 2)))
    assert len(bars.times) == 0 and bars.confidence == 0.0


def test_one_frame_that_sounds_is_no_trouble():
    activation = np.zeros((200, 2), np.float32)
    activation[100] = [0.0, 1.0]
    assert bar_dbn.decode(activation).confidence <= 1.0


def test_a_network_that_is_sure_of_everything_is_no_trouble():
    activation = np.zeros((2000, 2), np.float32)
    activation[::50] = [1.0, 0.0]
    activation[::200] = [0.0, 1.0]
    bars = bar_dbn.decode(activation)
    assert bars.beats_per_bar == 4 and len(bars.times) == 40
