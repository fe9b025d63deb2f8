"""Over a band or over synthesisers the voice and its labels are made alike: see test_voice_over."""

import numpy as np
import pytest

from segue_models.corpora import voice_electronic
from segue_models.cuts.cut_rule import phrases
from sung import contrast_db

NAME = "synth-5_rubidium-0"


@pytest.fixture(scope="module")
def made(data):
    """track, audio, and the voice and its backing as they are mixed."""
    parts = []
    mixed = voice_electronic.over

    def heard(voice, backing, balance_db):
        parts.extend([voice, backing, balance_db])
        return mixed(voice, backing, balance_db)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice_electronic, "over", heard)
        return *voice_electronic.make(data, 20.0, NAME), *parts


def test_a_song_is_whole_and_says_who_sings(made):
    track, audio, *_ = made
    assert track.voices == ("5_rubidium",) and track.trainable and "CC0" in track.licence and "MIT" in track.licence
    assert track.corpus == "voice_electronic" and track.name == NAME
    assert np.isfinite(audio).all() and 0.5 < np.abs(audio).max() <= 1.0 and 10 < len(audio) / 44100 <= 20.1
    assert len(phrases(track.lead, track.grid)) and track.lead.max() <= len(audio) / 44100


def test_the_voice_sounds_where_its_labels_say(made):
    track, _, voice, *_ = made
    assert contrast_db(track.lead, voice) > 6  # its echoes ring on


def test_the_backing_is_on_the_singers_beats(made):
    track, _, _, backing, balance_db = made
    assert voice_electronic.BALANCE_DB[0] <= balance_db <= voice_electronic.BALANCE_DB[1]
    assert np.abs(backing).max() > 0
    loud = np.abs(np.diff(np.abs(backing)))
    rise = [loud[int(b * 44100) : int((b + 0.02) * 44100)].mean() for b in track.grid.times[1:-1]]
    assert np.mean(rise) > 1.2 * loud.mean()


def test_the_same_song_is_rendered_bit_for_bit(data, made):
    track, audio, *_ = made
    again, twice = voice_electronic.make(data, 20.0, NAME)
    assert np.array_equal(audio, twice) and np.array_equal(track.lead, again.lead)
