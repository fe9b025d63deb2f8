import numpy as np

from segue_models.beats import bar_dbn, beat_dbn
from segue_models.beats.beat_confidence import beat_confidence


def bumps(at, heights, frames=6000):
    """What a network says: each event is heard over a few frames."""
    activation = np.full(frames, 0.005)
    for place, height in zip(at, heights, strict=True):
        for off, share in ((-1, 0.4), (0, 1.0), (1, 0.4)):
            if 0 <= place + off < frames:
                activation[place + off] += share * height
    return np.clip(activation, 0, 1)


def confidence(activation):
    return beat_confidence(activation, beat_dbn.decode(activation))


def test_beats_that_are_heard_and_little_else_are_trusted():
    rng = np.random.default_rng(0)
    at = np.arange(20, 6000, 50)
    assert confidence(bumps(at, rng.uniform(0.7, 1.0, len(at)))) > 0.95
    eighths = bumps(np.append(at, at + 25), np.append(rng.uniform(0.7, 1, len(at)), np.full(len(at), 0.15)))
    assert confidence(eighths) > 0.8


def test_speech_noise_and_silence_are_not():
    rng = np.random.default_rng(0)
    syllables = np.cumsum(rng.gamma(3.0, 25 / 3, 240)).astype(int)  # four a second, at no steady distance
    speech = bumps(syllables, rng.uniform(0.05, 0.6, len(syllables)))
    assert confidence(speech) < 0.8
    assert confidence(np.clip(rng.gamma(1.0, 0.04, 6000), 0, 1)) < 0.45
    assert confidence(np.full(6000, 1e-4)) < 0.1
    assert bar_dbn.decode(np.full((6000, 2), 1e-4)).confidence == 0.0


def test_it_is_between_0_and_1_and_0_without_beats():
    assert beat_confidence(np.ones(100), np.empty(0)) == beat_confidence(np.ones(100), np.array([0.5])) == 0.0
    assert beat_confidence(np.ones(100), np.array([0.2, 0.7])) == 0.0  # as much between the beats as on them
    sure = np.zeros(100)
    sure[[20, 70]] = 1.0
    assert beat_confidence(sure, np.array([0.2, 0.7])) > 0.98
    assert beat_confidence(np.zeros(100), np.array([0.2, 5.0])) == 0.0


def test_beats_in_a_pause_are_not_asked_for():
    rng = np.random.default_rng(0)
    at = np.append(np.arange(20, 2000, 50), np.arange(4020, 6000, 50))
    played = bumps(at, rng.uniform(0.7, 1.0, len(at)))
    times, sounding = np.arange(20, 6000, 50) / 100, np.ones(6000, bool)
    sounding[2000:4000] = played[2000:4000] = 0
    assert beat_confidence(played, times, 100.0, sounding) > 0.95 > beat_confidence(played, times)
