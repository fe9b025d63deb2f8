import numpy as np
import pytest

from segue_models.annotations import beat_this
from segue_models.corpora import beat_this as corpus


@pytest.fixture(scope="module")
def archive(data):
    return data / "beat_this_annotations" / "beat_this_annotations.zip"


def test_all_songs_of_all_data_sets_are_read(archive):
    sets = beat_this.data_sets(archive)
    assert len(sets) == 16 and {name for name, downbeats in sets.items() if not downbeats} == {"simac", "smc"}
    grids = {name: beat_this.grids(archive, name) for name in sets}
    assert sum(map(len, grids.values())) == 5556 - 1  # Revolution 9 has no beat
    assert "beatles_10_CD2_The_Beatles_12_Revolution_9" not in grids["beatles"]
    barless = {name: sum(not g.positions.any() for g in songs.values()) for name, songs in grids.items()}
    assert {name: n for name, n in barless.items() if n} == {"simac": 595, "smc": 217, "gtzan": 6}


def test_the_faulty_set_is_rwc(archive):
    """Only there do bars count 1 1 2 2 or 1 3 1 3 throughout."""

    def odd(grid):
        steps = np.diff(grid.positions)
        return np.mean((steps != 1) & (grid.positions[1:] != 1)) > 0.05

    found = {name: sum(map(odd, beat_this.grids(archive, name).values())) for name in ("rwc", "jaah", "harmonix")}
    assert found == {"rwc": 27, "jaah": 0, "harmonix": 0}


def test_the_songs_whose_recordings_are_there(archive, tmp_path, write):
    folder = tmp_path / "beat_this_annotations"
    (folder / "audio" / "smc").mkdir(parents=True)
    (folder / archive.name).symlink_to(archive)
    with pytest.raises(FileNotFoundError, match="put the recordings into"):
        corpus.tracks(tmp_path, tmp_path)
    for name in ("smc_001", "rwc_jazz_CD1_01"):
        write(f"beat_this_annotations/audio/smc/{name}.wav", np.zeros(100, np.float32))
    (track,) = corpus.tracks(tmp_path, tmp_path)
    assert track.name == "smc_001" and track.grid.times[0] == 0.6775
    assert not track.trainable and corpus.split(track.name) == "test"
