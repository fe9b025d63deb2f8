import numpy as np
import pytest

from segue_models.annotations import beat_this
from segue_models.corpora import asap
from segue_models.rendering import midi

SHORT = "Bach_Fugue_bwv_846_Shi05M"


@pytest.fixture(scope="module")
def archive(data):
    return data / "asap_sample" / "asap_sample.zip"


def test_beats_and_bars_agree_with_beat_this(data, archive):
    """The collection has the same annotations, its places in the bar worked out by code of its own."""
    theirs = beat_this.grids(data / "beat_this_annotations" / "beat_this_annotations.zip", "asap")
    alike = []
    for name, path in asap._files(archive).items():
        ours = asap.grid(archive, path, np.inf)
        if name in theirs and len(ours.times) == len(theirs[name].times):
            alike.append(np.mean(ours.positions == theirs[name].positions))
            assert np.allclose(ours.times, theirs[name].times, atol=1e-3)
    assert len(alike) > 30 and np.mean(np.array(alike) > 0.98) > 0.9


def test_a_pick_up_counts_up_to_the_downbeat(archive):
    grid = asap.grid(archive, asap._files(archive)[SHORT], 20.0)
    assert grid.beats_per_bar == 4 and grid.positions[:6].tolist() == [2, 3, 4, 1, 2, 3]
    assert grid.times[-1] < 20


def test_notes_begin_on_the_beats(archive):
    path = asap._files(archive)[SHORT]
    file = midi.read(archive, f"{path}.mid")
    starts = midi.seconds(file, midi.note_ticks(file))
    beats = asap.grid(archive, path, 60.0).times
    assert np.mean(np.abs(starts - beats[:, None]).min(axis=1) < 0.05) > 0.8


def test_it_is_for_evaluation_only(archive):
    track, audio = asap.make(archive, 10.0, SHORT)
    assert not track.trainable and asap.split(track.name) == "test" and "NC" in track.licence
    assert 9 < len(audio) / 44100 <= 10 and np.abs(audio).max() > 0.5
    assert track.grid.times[-1] < 10
