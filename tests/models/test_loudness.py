import numpy as np
import pytest

from segue_models.signal import loudness
from segue_models.signal.audio import Audio

RATE = 44100


def sine(hz, amplitude, seconds=10.0, channels=2):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.tile((amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32), (channels, 1))


@pytest.mark.parametrize(
    ("hz", "amplitude", "gain_db"), [(1000, 1.0, -14.17), (1000, 0.1, 5.83), (100, 1.0, -7.23), (3000, 0.5, -14.83)]
)
def test_gains_of_the_specification(hz, amplitude, gain_db):
    assert loudness.replay_gain_db(sine(hz, amplitude), RATE) == pytest.approx(gain_db, abs=0.02)


def test_mono_is_two_equal_channels_and_twice_the_amplitude_is_six_decibels():
    one = loudness.replay_gain_db(sine(1000, 0.2, channels=1), RATE)
    assert one == loudness.replay_gain_db(sine(1000, 0.2, channels=2), RATE)
    assert one - loudness.replay_gain_db(sine(1000, 0.4, channels=1), RATE) == pytest.approx(6.02, abs=0.02)


@pytest.mark.parametrize(
    ("rate", "hz", "decibels"),
    [(44100, 20, -42.41), (44100, 100, -15.25), (44100, 150, -10.44), (44100, 1000, -8.31), (44100, 4000, -0.85),
     (44100, 10000, -15.59), (48000, 1000, -8.32), (48000, 4000, -0.94)],
)  # fmt: skip
def test_filter_magnitudes_of_the_specification(rate, hz, decibels):
    at = hz / rate * loudness.FFT_SIZE
    magnitude = np.interp(at, np.arange(loudness.FFT_SIZE // 2 + 1), np.abs(loudness.response(rate)))
    assert 20 * np.log10(magnitude) == pytest.approx(decibels, abs=0.02)


def test_blocks_are_heard_as_by_the_recursive_filter():
    """scipy's lfilter with the published coefficients, in float64, on noise that starts loud and has a break."""
    from scipy.signal import lfilter

    x = (0.3 * np.random.default_rng(0).normal(size=5 * RATE)).astype(np.float32)
    x[2 * RATE : 3 * RATE] *= 1e-3
    expected = x.astype(np.float64)
    for b, a in loudness._FILTERS[RATE]:
        expected = lfilter(b, a, expected)
    squares = loudness._mean_squares(x, 100, 2205, RATE)
    assert 10 * np.log10(squares) == pytest.approx(10 * np.log10((expected.reshape(100, 2205) ** 2).mean(1)), abs=1e-3)


def test_another_rate_is_refused():
    with pytest.raises(ValueError, match="resample"):
        loudness.response(32000)


def test_the_limiter_holds_the_ceiling_and_touches_nothing_else():
    rng = np.random.default_rng(0)
    x = (0.2 * rng.normal(size=(2, 3 * RATE))).astype(np.float32).clip(-0.9, 0.9)
    x[0, RATE] = 2.0
    x[1, RATE + 30] = -1.5
    y = loudness.limit(x, RATE)
    assert np.abs(y).max() <= loudness.CEILING
    assert np.abs(y[0, RATE]) == pytest.approx(loudness.CEILING, abs=1e-6)  # the ramp ends at the peak
    before = RATE - round(loudness.LOOK_AHEAD_SECONDS * RATE) - 2
    assert np.array_equal(y[:, :before], x[:, :before])
    assert np.array_equal(y[:, 2 * RATE :], x[:, 2 * RATE :])  # released
    assert (np.abs(y) <= np.abs(x) + 1e-7).all()


def test_quiet_input_is_returned_as_it_is():
    x = sine(440, 0.5)
    assert loudness.limit(x, RATE) is x


def test_the_release_is_the_recursion_of_the_specification():
    rng = np.random.default_rng(1)
    gain = np.where(rng.random(4000) < 0.002, rng.random(4000), 1.0)
    k = np.exp(-1 / (loudness.RELEASE_SECONDS * RATE))
    expected, last = [], 1.0
    for g in gain:
        last = min(g, last + (1 - last) * (1 - k))
        expected.append(last)
    assert np.allclose(loudness._release(gain, RATE)[0], expected, atol=2e-6)


def test_blocks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(2)
    x = (rng.normal(size=(2, 2 * RATE)) * np.repeat(rng.random(20) ** 4, 2 * RATE // 20)).astype(np.float32)
    whole, gain = loudness.limit(x, RATE), loudness.replay_gain_db(x, RATE)
    assert np.abs(whole).max() <= loudness.CEILING < np.abs(x).max()
    monkeypatch.setattr(loudness, "CHUNK", 1777)  # many peaks lie within a look-ahead of a border
    assert np.allclose(loudness.limit(x, RATE), whole, atol=1e-7)
    assert loudness.replay_gain_db(x, RATE) == gain


def test_a_quiet_recording_with_a_peak_is_raised_without_clipping():
    x = sine(1000, 0.02)
    x[0, 5 * RATE] = 0.9
    mono = loudness.to_reference(Audio(x, RATE, 10.0))
    assert np.abs(mono).max() <= loudness.CEILING
    assert loudness.replay_gain_db(mono[None], RATE) == pytest.approx(0.0, abs=0.02)


def test_every_recording_comes_out_equally_loud():
    for amplitude in (0.02, 0.9):
        mono = loudness.to_reference(Audio(sine(1000, amplitude), RATE, 10.0))
        assert loudness.replay_gain_db(mono[None], RATE) == pytest.approx(0.0, abs=0.02)


def test_silence_stays_silence():
    assert not loudness.to_reference(Audio(np.zeros((2, RATE), np.float32), RATE, 1.0)).any()


def test_a_pause_makes_a_song_no_quieter():
    rng = np.random.default_rng(0)
    song = (np.repeat(rng.uniform(0.05, 0.3, 200), RATE // 10) * sine(1000, 1.0, 20.0)[0])[None].astype(np.float32)
    pause = np.zeros((1, 60 * RATE), np.float32)
    floor = (1e-4 * rng.normal(size=pause.shape)).astype(np.float32)
    gain = loudness.replay_gain_db(song, RATE)
    for silent in (pause, floor):
        paused = np.concatenate([song[:, : 10 * RATE], silent, song[:, 10 * RATE :]], axis=1)
        assert loudness.replay_gain_db(paused, RATE) == pytest.approx(gain, abs=0.02)
