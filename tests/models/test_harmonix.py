import random
import zipfile

import numpy as np
import pytest

from segue_models.annotations import beat_this, harmonix, jams
from segue_models.corpora import harmonix as corpus


@pytest.fixture(scope="module")
def archive(data):
    with zipfile.ZipFile(data / "harmonix" / "harmonix_dataset.zip") as z:
        yield z


def test_all_songs_are_read(archive):
    songs = harmonix.metadata(archive)
    assert len(songs) == 912 and songs["0001_12step"]["Artist"] == "Ciara"
    for song in songs:
        assert len(harmonix.grid(archive, song).times) > 50
        parts = harmonix.sections(archive, song)
        assert len(parts.starts) == len(parts.labels) > 1 and "end" not in parts.labels
        assert parts.end > parts.starts[-1]


def test_beats_and_sections_agree_with_the_jams_of_the_same_songs(archive):
    names = [n for n in archive.namelist() if n.endswith(".jams")]
    assert len(names) == 10
    for name in names:
        song, theirs = name.removeprefix("jams/").removesuffix(".jams"), jams.read(archive.read(name).decode())
        ours, parts = harmonix.grid(archive, song), harmonix.sections(archive, song)
        assert np.allclose(ours.times, theirs.beats[0].times, atol=0.002)
        assert ours.positions.tolist() == theirs.beats[0].positions.tolist()
        (sections,) = theirs.sections["segment_open"]
        assert np.allclose(parts.starts, sections.starts, atol=0.002) and parts.labels == sections.labels


def test_the_corrected_beats_of_beat_this_keep_the_tempo(data, archive):
    """They were aligned anew with the recordings, so times differ by song; tempo and metre do not."""
    corrected = beat_this.grids(data / "beat_this_annotations" / "beat_this_annotations.zip", "harmonix")
    common = sorted(set(corrected) & set(harmonix.metadata(archive)))
    assert len(common) == 909  # two of its 911 songs go by another name there
    same = []
    for song in random.Random(0).sample(common, 60):
        ours, theirs = harmonix.grid(archive, song), corrected[song]
        same.append(ours.beats_per_bar == theirs.beats_per_bar and abs(ours.tempo_bpm / theirs.tempo_bpm - 1) < 0.02)
    assert np.mean(same) > 0.9


def test_the_songs_whose_recordings_are_there(data, tmp_path, write):
    (tmp_path / "harmonix" / "audio").mkdir(parents=True)
    (tmp_path / "harmonix" / "harmonix_dataset.zip").symlink_to(data / "harmonix" / "harmonix_dataset.zip")
    with pytest.raises(FileNotFoundError, match="put the recordings into"):
        corpus.tracks(tmp_path, tmp_path)
    path = write("harmonix/audio/0003_6foot7foot.wav", np.zeros(100, np.float32))
    (track,) = corpus.tracks(tmp_path, tmp_path)
    assert track.audio == path and track.artist == "Lil Wayne" and not track.trainable
    assert corpus.split(track.name) == "test"
    assert track.grid.tempo_bpm == pytest.approx(84, abs=0.1) and len(track.sections) == len(track.section_labels)
