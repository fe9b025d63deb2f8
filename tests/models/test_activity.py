import numpy as np

from segue_models.rendering.activity import activity


def tone(seconds, level=0.3):
    return level * np.sin(2 * np.pi * 220 * np.arange(round(seconds * 44100)) / 44100)


def test_tails_are_no_singing_and_short_gaps_are_closed():
    audio = np.zeros(10 * 44100, dtype=np.float32)
    audio[44100 : 2 * 44100] = tone(1.0)
    tail = tone(2.0) * 10 ** (-60 * np.arange(2 * 44100) / 44100 / 20)  # 60 dB a second: a short room
    audio[2 * 44100 : 4 * 44100] += tail.astype(np.float32)
    audio[int(6.0 * 44100) : int(6.5 * 44100)] = tone(0.5)
    audio[int(6.6 * 44100) : int(7.0 * 44100)] = tone(0.4)
    audio[int(8.0 * 44100) : int(8.03 * 44100)] = tone(0.03)  # a click is no note
    found = activity(audio)
    assert len(found) == 2
    assert abs(found[0, 0] - 1.0) < 0.03 and 1.98 < found[0, 1] < 2.4  # 18 dB are 0.3 s of this tail
    assert abs(found[1, 0] - 6.0) < 0.03 and abs(found[1, 1] - 7.0) < 0.04


def test_a_quiet_phrase_counts_but_not_the_noise_floor():
    rng = np.random.default_rng(0)
    audio = (1e-4 * rng.standard_normal(12 * 44100)).astype(np.float32)
    audio[44100 : 3 * 44100] += tone(2.0).astype(np.float32)
    audio[7 * 44100 : 9 * 44100] += tone(2.0, 0.02).astype(np.float32)  # 23 dB below
    found = activity(audio)
    assert len(found) == 2 and np.allclose(found, [[1, 3], [7, 9]], atol=0.04)


def test_silence_has_none():
    assert activity(np.zeros(44100, dtype=np.float32)).shape == (0, 2)
    assert activity(np.zeros(0, dtype=np.float32)).shape == (0, 2)
