import json
import zipfile
from collections import Counter

import numpy as np
import pytest

from segue_models.annotations import beat_this, jams


@pytest.fixture(scope="module")
def songs(data):
    with zipfile.ZipFile(data / "msaf_jams" / "msaf_jams.zip") as z:
        return {n: jams.read(z.read(n).decode()) for n in z.namelist() if n.endswith(".jams")}


def test_every_file_has_sections_that_follow_each_other(songs):
    assert Counter(n.split("/")[0] for n in songs) == {
        "SALAMI": 1164, "Isophonics": 300, "BeatlesTUT": 174, "SPAM": 50, "Sargon": 4,
    }  # fmt: skip
    for song in songs.values():
        assert song.sections
        for annotators in song.sections.values():
            for one in annotators:
                assert len(one.starts) == len(one.labels) and np.all(np.diff([*one.starts, one.end]) > 0)


def test_spam_has_five_annotators(songs):
    spam = [s for n, s in songs.items() if n.startswith("SPAM/")]
    assert {len(s.sections["segment_salami_upper"]) for s in spam} == {5}


def test_the_beats_of_the_beatles_agree_with_those_of_beat_this(data, songs):
    theirs = beat_this.grids(data / "beat_this_annotations" / "beat_this_annotations.zip", "beatles")
    ours = next(s for n, s in songs.items() if n.endswith("Isophonics_02_-_Misery.jams")).beats[0]
    same = theirs["beatles_01_Please_Please_Me_02_Misery"]
    near = np.abs(same.times[:, None] - ours.times).min(axis=1)
    assert np.mean(near < 0.05) > 0.95
    matched = np.abs(same.times[:, None] - ours.times).argmin(axis=1)
    assert np.mean(ours.positions[matched] == same.positions) > 0.95


def test_a_beat_without_a_number_has_place_nought(songs):
    grids = [g for s in songs.values() for g in s.beats]
    assert len(grids) == 197 and sum((g.positions == 0).any() for g in grids) == 2


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"annotations": []})])
def test_another_file_is_refused(text):
    with pytest.raises(ValueError, match="no JAMS file"):
        jams.read(text)
