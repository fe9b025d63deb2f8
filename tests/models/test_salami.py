import random
import shutil
import zipfile
from collections import Counter

import numpy as np
import pytest

from segue_models.annotations import jams, salami
from segue_models.corpora import salami as corpus


@pytest.fixture(scope="module")
def archive(data):
    with zipfile.ZipFile(data / "salami" / "salami_annotations.zip") as z:
        yield z


def test_one_or_two_annotators_and_no_second_tries(archive):
    songs = salami.songs(archive)
    assert len(songs) == 1359
    assert Counter(songs.values()) == {("1", "2"): 884, ("1",): 464, ("2",): 11}


def test_every_annotation_is_read(archive):
    for song, annotators in salami.songs(archive).items():
        for annotator in annotators:
            found = salami.read(archive, song, annotator)
            for level in (found.uppercase, found.lowercase, found.functions):
                assert len(level.starts) == len(level.labels) >= 1
                assert np.all(np.diff([*level.starts, level.end]) > 0) and "End" not in level.labels
            assert found.uppercase.end == found.lowercase.end == found.functions.end


def test_both_levels_agree_with_their_conversion_to_jams(data, archive):
    """msaf-data converted the same annotations by code of its own."""
    judged = 0
    with zipfile.ZipFile(data / "msaf_jams" / "msaf_jams.zip") as z:
        names = sorted(n for n in z.namelist() if n.startswith("SALAMI/") and n.endswith(".jams"))
        for name in random.Random(0).sample(names, 40):
            song, theirs = name.split("_")[-1].removesuffix(".jams"), jams.read(z.read(name).decode())
            for annotator, upper, lower in zip(
                salami.songs(archive)[song],
                theirs.sections["segment_salami_upper"],
                theirs.sections["segment_salami_lower"],
                strict=True,
            ):
                ours = salami.read(archive, song, annotator)
                assert np.allclose(ours.uppercase.starts, upper.starts, atol=1e-5)
                assert np.allclose(ours.lowercase.starts, lower.starts, atol=1e-5)
                assert ours.lowercase.labels == lower.labels
                judged += 1
    assert judged > 50


def test_the_songs_whose_recordings_are_there(data, tmp_path, write):
    with pytest.raises(FileNotFoundError, match="put the recordings into"):
        corpus.tracks(tmp_path, tmp_path)
    shutil.copytree(data / "salami", tmp_path / "salami")
    (tmp_path / "salami").chmod(0o755)
    (tmp_path / "salami" / "audio").mkdir()
    path = write("salami/audio/10.wav", np.zeros(100, np.float32))
    (track,) = corpus.tracks(tmp_path, tmp_path)
    assert track.audio == path and track.name == "10" and not track.trainable and corpus.split("10") == "test"
    assert track.section_labels == ("Silence", "A", "B", "C", "B", "D", "B", "D")
    assert track.sections[:3].tolist() == [0.0, 0.223492063, 53.162222222]
    assert track.grid is None
