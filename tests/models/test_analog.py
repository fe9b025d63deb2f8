import numpy as np
import pytest

from segue_models.rendering import analog
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import notes
from segue_models.signal.frames import RATE_HZ

HELD = analog.Patch(0.0, (0.0,), 5.0, 0.005, np.inf, 0.05)


def rng():
    return np.random.default_rng(0)


def level_db(audio, low_hz, high_hz):
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    return 10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum() + 1e-12)


def test_a_saw_has_the_harmonics_of_a_saw_and_few_aliases():
    """Fourier series of a saw: every harmonic, 1 / n; its aliases are far under those of a saw with plain jumps."""
    hz, count = 2001.0, RATE_HZ
    saw = analog.oscillator(hz, count, 0.0, 0.3)
    heights = [level_db(saw, n * hz - 20, n * hz + 20) for n in (1, 2, 3, 4)]
    assert np.array(heights) - heights[0] == pytest.approx(-20 * np.log10([1, 2, 3, 4]), abs=1.5)
    plain = 2 * ((0.3 + hz / RATE_HZ * np.arange(count)) % 1.0) - 1
    between = [level_db(x, 50, hz - 50) for x in (saw, plain)]
    assert between[0] < between[1] - 20


def test_a_square_has_no_even_harmonics():
    square = analog.oscillator(500.0, RATE_HZ, 0.5, 0.0)
    assert level_db(square, 990, 1010) < level_db(square, 490, 510) - 60
    assert level_db(square, 1490, 1510) == pytest.approx(level_db(square, 490, 510) - 20 * np.log10(3), abs=0.5)


def test_notes_sound_from_their_start_to_their_release_and_no_longer():
    audio = analog.play(notes([(0.5, 1.0, 69, 127), (1.9, 2.5, 81, 64)]), HELD, 2.0, rng())
    env = envelope(audio)
    assert len(audio) == 2 * RATE_HZ and np.flatnonzero(env > 1e-4)[[0, -1]].tolist() == [50, 199]
    assert env[106:190].max() == 0.0 and env[60:99].std() < 0.04 * env[60:99].mean()
    assert level_db(audio[22050:44100], 430, 450) > level_db(audio[22050:44100], 50, 430) + 30


def test_a_plucked_note_dies_away():
    sound = analog.Patch(0.0, (0.0,), 4.0, 0.003, 0.1, 0.05)
    env = envelope(analog.play(notes([(0.0, 3.0, 69, 127)]), sound, 1.0, rng()))
    assert 20 * np.log10(env[5] / env[15]) == pytest.approx(20 * np.log10(np.e), abs=0.5)  # 1 / e in 0.1 s
    assert env[40:].max() == 0.0


@pytest.mark.parametrize("kind", ["bass", "pad", "pluck", "lead"])
def test_every_kind_of_sound_is_heard(kind):
    for seed in range(4):
        sound = analog.patch(kind, np.random.default_rng(seed))
        assert envelope(analog.play(notes([(0.1, 0.9, 60, 100)]), sound, 1.0, rng())).max() > 0.01


def test_a_moving_filter_opens():
    noise = rng().standard_normal(4 * RATE_HZ).astype(np.float32)
    out = analog.swept(noise, np.array([200.0, 10_000.0]))
    first, last = out[:RATE_HZ], out[-RATE_HZ:]
    assert level_db(last, 2000, 4000) > level_db(first, 2000, 4000) + 15
    assert level_db(last, 20, 100) == pytest.approx(level_db(first, 20, 100), abs=3)


def test_a_sound_ducks_at_the_kicks_and_comes_back():
    steady = np.ones(2 * RATE_HZ, dtype=np.float32)
    out = analog.ducked(steady, np.array([0.5, 1.0]), 0.8, 0.4)
    assert out[:22050].min() == 1.0 and out[22050] == pytest.approx(0.2) and out[44100] == pytest.approx(0.2)
    assert out[44100 + 17640] == pytest.approx(1 - 0.8 * np.exp(-3), abs=1e-4)
    assert analog.ducked(steady, np.empty(0), 0.8, 0.4) is steady


def test_a_kick_is_low_and_a_hat_is_high():
    at = np.array([0.1, 0.6])
    kick = analog.kick(at, 1.0, rng())
    hat = analog.burst(at, 1.0, (7000.0, 16000.0), 0.03, rng())
    assert level_db(kick, 30, 200) > level_db(kick, 200, 20000) + 10
    assert level_db(hat, 6000, 17000) > level_db(hat, 20, 6000) + 10
    for audio in (kick, hat):
        env = envelope(audio)
        assert env[:10].max() == 0.0 < env[10] and env[58] < 0.2 * env[60] and len(audio) == RATE_HZ


def test_a_riser_grows_until_its_end():
    audio = analog.riser(-1.0, 1.0, 2.0, rng())
    env = envelope(audio)
    assert env[80:100].mean() > 5 * env[20:40].mean() and env[100:].max() == 0.0
    assert level_db(audio[30000:44100], 2000, 4000) - level_db(audio[30000:44100], 50, 300) > level_db(
        audio[:14100], 2000, 4000
    ) - level_db(audio[:14100], 50, 300)
    assert analog.riser(3.0, 4.0, 2.0, rng()).max() == 0.0
