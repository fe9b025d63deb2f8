import re
from collections import Counter

import numpy as np
import pytest

from segue_models.annotations import ballroom, beat_this
from segue_models.corpora import ballroom as corpus


@pytest.fixture(scope="module")
def grids(data):
    return ballroom.grids(data / "ballroom_annotations" / "ballroom_beats.zip")


def test_the_replicas_are_those_of_the_read_me(data):
    text = (data / "ballroom_annotations" / "UPSTREAM_README.md").read_text()
    pairs = re.findall(r"/(\S+)\.wav matches \S+/(\S+)\.wav", text)
    assert len(pairs) == 13
    assert {second: first for first, second in pairs} == ballroom.REPLICAS


def test_every_recording_is_there_once(grids):
    assert len(grids) == 698 - 13
    assert Counter(grid.beats_per_bar for grid in grids.values()) == {4: 512, 3: 173}


def test_beats_agree_with_the_collection_of_beat_this(data, grids):
    """Another copy of the same annotations, rounded to a millisecond."""
    theirs = beat_this.grids(data / "beat_this_annotations" / "beat_this_annotations.zip", "ballroom")
    theirs = {name.removeprefix("ballroom_"): grid for name, grid in theirs.items()}
    assert len(set(theirs) & set(grids)) > 650
    alike = [
        len(grids[n].times) == len(theirs[n].times)
        and np.allclose(grids[n].times, theirs[n].times, atol=0.002)
        and np.array_equal(grids[n].positions, theirs[n].positions)
        for n in set(theirs) & set(grids)
    ]
    assert np.mean(alike) > 0.98


def test_the_songs_whose_recordings_are_there(data, tmp_path, write):
    (tmp_path / "ballroom_annotations" / "audio" / "Waltz").mkdir(parents=True)
    zipped = "ballroom_annotations/ballroom_beats.zip"
    (tmp_path / zipped).symlink_to(data / zipped)
    with pytest.raises(FileNotFoundError, match="put the recordings into"):
        corpus.tracks(tmp_path, tmp_path)
    for name in ("Media-104705", "Albums-Secret_Garden-01"):  # one recording under two names
        path = write(f"ballroom_annotations/audio/Waltz/{name}.wav", np.zeros(100, np.float32))
    (track,) = corpus.tracks(tmp_path, tmp_path)
    assert track.audio == path and track.grid.beats_per_bar == 3
    assert not track.trainable and corpus.split(track.name) == "test"
