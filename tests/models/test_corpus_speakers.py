import numpy as np
import pytest

from segue_models.corpora import pop909, speakers
from segue_models.corpora.cut_rule import phrases
from segue_models.rendering import production
from segue_models.rendering.mix import envelope


@pytest.fixture(scope="module")
def made(data, spoken, analysed):
    """make() -> (track, audio, the dry lead) of 20 s, sung by the actress."""
    speaker, cache = analysed
    name = f"speakers-{speakers.chosen(data)[0]}"
    dry, treated = [], production.treated

    def heard(stem, *others):
        dry.append(stem)
        return treated(stem, *others)

    def make():
        track, audio = speakers.make(data, cache, 20.0, name)
        return track, audio, dry[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speakers.speakers, "recordings", lambda share=None: {speaker: spoken[speaker]})
        patch.setattr(production, "treated", heard)
        yield make


@pytest.fixture(scope="module")
def song(made):
    return made()


def test_only_training_songs_first_those_that_are_rendered_nowhere_else(data):
    names = speakers.chosen(data)
    assert len(set(names)) == len(names) == 409
    assert {pop909.split(name) for name in names} == {"train"}
    again = [name in pop909.chosen(data) for name in names]
    assert again == sorted(again) and sum(again) == pop909.TRAIN


def test_the_same_song_is_rendered_bit_for_bit(made, song):
    track, audio, _ = song
    again, twice, _ = made()
    assert np.array_equal(audio, twice) and np.array_equal(track.lead, again.lead)


def test_the_lead_is_where_the_voice_is(song):
    """Power of the dry voice inside the labels against outside them."""
    track, _, stem = song
    env = envelope(stem)
    t = (np.arange(len(env)) + 0.5) / 100
    inside = np.any((t[:, None] >= track.lead[:, 0]) & (t[:, None] < track.lead[:, 1]), axis=1)
    assert inside.sum() > 200
    assert 20 * np.log10(np.sqrt(np.mean(env[inside] ** 2)) / np.sqrt(np.mean(env[~inside] ** 2))) > 10


def test_a_song_is_whole_and_says_who_sings_by_which_licence(song, analysed):
    track, audio, _ = song
    assert np.isfinite(audio).all() and 0.5 < np.abs(audio).max() <= 1.0 and 10 < len(audio) / 44100 <= 20.1
    assert len(phrases(track.lead, track.grid)) and track.lead.max() <= len(audio) / 44100
    assert track.voices == analysed[:1] and track.trainable and "GPL-2" in track.licence and "MIT" in track.licence
    assert np.all(np.abs(track.grid.bar_and_beat(track.sections)[1] - 1) < 0.1)
