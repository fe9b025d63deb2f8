import numpy as np
import pytest

from segue_models.corpora import msaf_jams


def test_the_songs_whose_recordings_are_there(data, tmp_path, write):
    (tmp_path / "msaf_jams" / "audio").mkdir(parents=True)
    (tmp_path / "msaf_jams" / "msaf_jams.zip").symlink_to(data / "msaf_jams" / "msaf_jams.zip")
    with pytest.raises(FileNotFoundError, match="put the recordings into"):
        msaf_jams.tracks(tmp_path, tmp_path)
    for name in ("Isophonics_02_-_Misery", "SALAMI_10", "01-Sargon-Mindless"):
        write(f"msaf_jams/audio/{name}.wav", np.zeros(100, np.float32))
    found = {track.name: track for track in msaf_jams.tracks(tmp_path, tmp_path)}
    assert len(found) == 3
    assert found["Isophonics_02_-_Misery"].grid.positions.max() == 4
    assert found["SALAMI_10"].section_labels == ("Silence", "A", "B", "C", "B", "D", "B", "D")
    assert found["01-Sargon-Mindless"].section_labels[:2] == ("Silence", "Intro")
    assert not any(track.trainable for track in found.values()) and msaf_jams.split("SALAMI_10") == "test"
