import numpy as np
import pytest
import soundfile as sf

from segue_models.rendering import speakers
from segue_models.rendering.lead import sounding
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import notes
from segue_models.rendering.voice import sing

pytestmark = pytest.mark.long

TUNE = notes([(0.5, 2.0, 62, 90), (2.0, 3.0, 65, 90), (4.5, 6.0, 60, 90)])
ACTRESS, ACTOR = "fillets-cs-m", "fillets-cs-v"


def midi(audio, rate):
    """Pitches heard by librosa's pYIN, which no part of the singer uses."""
    from librosa import pyin  # compiles for seconds, which tests that are only collected need not wait for

    hz, voiced, _ = pyin(audio, fmin=60, fmax=900, sr=rate, frame_length=2048)
    return 69 + 12 * np.log2(hz[voiced] / 440)


def speech(paths):
    """Six seconds of recordings at 22.05 kHz."""
    return np.concatenate([sf.read(path, dtype="float32")[0] for path in paths[:6]])[: 6 * 22050]


@pytest.fixture(scope="module")
def voice(analysed):
    name, cache = analysed
    return speakers.voice(name, cache / "voices")


def test_many_people_speak_many_languages_each_their_own_recordings(spoken):
    assert len(spoken) >= 35 and len({name.split("-")[1] for name in spoken}) >= 25
    paths = [path for own in spoken.values() for path in own]
    assert len(set(paths)) == len(paths)
    assert all(own == sorted(own) and len(own) >= 25 for own in spoken.values())


@pytest.mark.long
def test_the_small_fish_is_a_woman_and_the_big_one_a_man(spoken):
    """What the letters of the file names mean: the median pitch of an actress and an actor is half an octave apart."""
    woman, man = (np.median(midi(speech(spoken[name]), 22050)) for name in (ACTRESS, ACTOR))
    assert woman - man > 6


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="apt-get install klettres-data"):
        speakers.recordings(tmp_path)


def test_licences_are_those_of_the_packages(spoken):
    assert {speakers.licence(name) for name in spoken} == {"GPL-2", "GPL-2+"}
    assert speakers.licence("klettres-de") == "GPL-2+" and speakers.licence(ACTOR) == "GPL-2"


def test_words_follow_each_other_at_one_level(analysed):
    name, cache = analysed
    audio, rate = sf.read(cache / "voices" / f"{name}.flac", dtype="float32")
    assert rate == 44100 and 12 < len(audio) / rate < 14 and np.abs(audio).max() <= 1
    env = envelope(audio)
    loud = [20 * np.log10(np.percentile(part, 90)) for part in np.array_split(env, 5)]
    assert np.ptp(loud) < 6
    silent = np.convolve(env < 1e-3, np.ones(60), mode="valid")
    assert silent.max() < 60  # nowhere 0.6 s of silence


@pytest.mark.long
def test_the_pitch_sung_is_the_pitch_written_and_above_the_spoken(spoken, voice):
    audio, sung = sing(voice, TUNE, 7.0, np.random.default_rng(3))
    assert np.all((sung[:, 2] - TUNE[:, 2]) % 12 == 0)
    for row in sung:
        middle = audio[int((row[0] + 0.3) * 44100) : int((row[1] - 0.2) * 44100)]
        assert abs(np.median(midi(middle, 44100)) - row[2]) < 0.8  # semitones: singers drift
    assert np.median(voice.pitches) > np.median(midi(speech(spoken[ACTRESS]), 22050)) + 2


def test_it_is_heard_where_it_is_labelled_and_silent_between(voice):
    audio, sung = sing(voice, TUNE, 7.0, np.random.default_rng(3))
    heard = sounding(audio, sung)
    assert len(heard) == 3 and np.all(np.abs(heard[:, 0] - TUNE[:, 0]) < 0.3)  # some syllables begin softly
    assert np.all(np.abs(heard[:, 1] - TUNE[:, 1]) < 0.1)
    assert np.abs(audio[int(3.4 * 44100) : int(4.2 * 44100)]).max() < 1e-3


def test_the_analysis_is_kept(voice, analysed, monkeypatch):
    name, cache = analysed
    monkeypatch.setattr("segue_models.rendering.voice.analyse", None)  # a second analysis would fail
    assert np.array_equal(speakers.voice(name, cache / "voices").pitches, voice.pitches)
