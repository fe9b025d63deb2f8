import numpy as np
import pytest

from segue_models.corpora import electronic, pop909
from segue_models.cuts.cut_rule import phrases
from segue_models.rendering import electronic as production
from sung import contrast_db, renders


@pytest.fixture(scope="module")
def made(data, spoken, analysed):
    with renders(electronic, production, "voiced", data, spoken, analysed) as make:
        yield make


@pytest.fixture(scope="module")
def song(made):
    return made()


def test_only_training_songs(data):
    names = electronic.chosen(data)
    assert len(set(names)) == len(names) == 409
    assert {pop909.split(name) for name in names} == {"train"}


def test_the_same_song_is_rendered_bit_for_bit(made, song):
    track, audio, _ = song
    again, twice, _ = made()
    assert np.array_equal(audio, twice) and np.array_equal(track.lead, again.lead)


def test_the_lead_is_where_the_voice_is(song):
    track, _, stem = song
    assert contrast_db(track.lead, stem) > 10


def test_a_song_is_whole_and_says_who_sings_by_which_licence(song, analysed):
    track, audio, _ = song
    assert np.isfinite(audio).all() and 0.5 < np.abs(audio).max() <= 1.0 and 10 < len(audio) / 44100 <= 20.1
    assert len(phrases(track.lead, track.grid)) and track.lead.max() <= len(audio) / 44100
    assert track.voices == analysed[:1] and track.trainable and "GPL-2" in track.licence and "MIT" in track.licence
