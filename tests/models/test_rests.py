from collections import Counter

import numpy as np
import pytest

from segue_models.corpora import pop909, rests
from segue_models.cuts import cut_rule
from segue_models.rendering import score
from segue_models.rendering.notes import START


def test_no_song_is_one_that_networks_have_heard(data):
    names = rests.chosen(data)
    assert Counter(map(rests.split, names)) == {"test": 40, "validation": 53}
    trained = {song for song in pop909.chosen(data) if pop909.split(song) == "train"}
    assert len(set(names)) == 93 and not trained & set(names)


@pytest.fixture
def songs(data):
    """The scores of twelve songs, as they are."""
    return [score.read(data / "pop909", song) for song in rests.chosen(data)[:12]]


def test_phrases_of_one_label_are_led_or_not_alike_and_some_songs_by_nobody(songs):
    led = []
    for number, whole in enumerate(songs):
        thin = rests.thinned(whole, np.random.default_rng(number))
        led.append(len(thin.melody) / len(whole.melody))
        kept = set(map(tuple, thin.melody))
        assert kept <= set(map(tuple, whole.melody))
        at = np.searchsorted(whole.sections, whole.melody[:, START] + 0.1, side="right") - 1
        stays = np.array([tuple(note) in kept for note in whole.melody])
        for label in {whole.labels[i] for i in at if i >= 0}:
            same = stays[[i >= 0 and whole.labels[i] == label for i in at]]
            assert same.all() or not same.any(), "a phrase is led and one of the same label is not"
    assert 0.1 < np.mean(np.array(led) == 0) < 0.8 and max(led) > 0.3


def test_what_is_not_led_is_entered_where_its_phrases_begin(data, tmp_path):
    track, audio = rests.make(data, tmp_path, 30.0, "rests-560")
    again, twice = rests.make(data, tmp_path, 30.0, "rests-560")
    assert np.array_equal(audio, twice) and np.array_equal(track.lead, again.lead)
    assert np.isfinite(audio).all() and 15 < len(audio) / 44100 <= 30.1 and len(track.sections) > 1
    old, new = (cut_rule.label(track.sections, track.lead, track.grid, turns)[0] for turns in ([], track.sections))
    assert new.sum() > old.sum()
