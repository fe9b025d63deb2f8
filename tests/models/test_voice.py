import numpy as np
import pytest
import soundfile as sf

from segue_models.rendering import singers
from segue_models.rendering.lead import sounding
from segue_models.rendering.notes import notes
from segue_models.rendering.voice import analyse, sing, singer

pytestmark = pytest.mark.long

TUNE = notes([(0.5 + 0.6 * k, 0.5 + 0.6 * k + 0.55, p, 90) for k, p in enumerate([60, 62, 64, 65, 67, 65, 64, 60])])
LONG = notes([(0.5, 2.0, 62, 90), (3.5, 5.0, 66, 90)])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Twenty seconds of speech."""
    path = tmp_path_factory.mktemp("voices") / "espeak.wav"
    singers._speak("en+f2", path)
    audio, rate = sf.read(path)
    sf.write(path, audio[: 20 * rate], rate)
    return path


@pytest.fixture(scope="module")
def voice(recording):
    return singer(recording, recording.parent)


def test_a_recording_is_cut_into_syllables(voice):
    start, vowel, end = voice.syllables.T
    assert len(voice.syllables) >= 20
    assert np.all(start <= vowel) and np.all(vowel < end) and np.all(end <= len(voice.f0))
    assert np.all(end - vowel >= 20) and np.all(vowel - start <= 24)
    assert (vowel > start).any()  # some have a consonant
    assert all(np.all(voice.f0[v:e] > 0) for v, e in zip(vowel, end, strict=True))


def test_the_pitch_sung_is_the_pitch_written(voice):
    """Measured by another method, librosa's YIN; within 80 cents, for singers drift."""
    from librosa import yin

    audio, sung = sing(voice, LONG, 6.0, np.random.default_rng(3))
    assert np.all((sung[:, 2] - LONG[:, 2]) % 12 == 0)
    for row in sung:
        middle = audio[int((row[0] + 0.3) * 44100) : int((row[1] - 0.2) * 44100)]
        hz = yin(middle.astype(np.float64), fmin=60, fmax=1000, sr=44100)
        wanted = 440 * 2 ** ((row[2] - 69) / 12)
        assert abs(1200 * np.log2(np.median(hz) / wanted)) < 80


def test_a_singer_is_silent_between_phrases_and_heard_on_every_note(voice):
    audio, sung = sing(voice, LONG, 6.0, np.random.default_rng(3))
    heard = sounding(audio, sung)
    assert len(heard) == 2
    assert np.abs(audio[: int(0.3 * 44100)]).max() < 1e-3
    assert np.abs(audio[int(2.4 * 44100) : int(3.2 * 44100)]).max() < 1e-3
    assert np.all(np.abs(heard[:, 0] - LONG[:, 0]) < 0.16) and np.all(heard[:, 1] < LONG[:, 1] + 0.1)


def test_one_seed_one_song(voice):
    a = sing(voice, TUNE, 6.0, np.random.default_rng(1))[0]
    assert np.array_equal(a, sing(voice, TUNE, 6.0, np.random.default_rng(1))[0])
    assert not np.array_equal(a, sing(voice, TUNE, 6.0, np.random.default_rng(2))[0])
    assert np.isfinite(a).all()


def test_the_analysis_is_kept(voice, recording, monkeypatch):
    monkeypatch.setattr("segue_models.rendering.voice.analyse", None)  # a second analysis would fail
    assert np.array_equal(singer(recording, recording.parent).syllables, voice.syllables)


def test_noise_is_nobody():
    noise = 0.1 * np.random.default_rng(0).standard_normal(44100 * 2).astype(np.float32)
    with pytest.raises(ValueError, match="too little singing"):
        analyse(noise)
