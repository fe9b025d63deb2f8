import numpy as np
import pytest

from segue_models.annotations import beats, recordings, segments


def test_of_rows_at_one_time_the_last_counts():
    found = segments([(0.0, "Silence"), (7.0, "Silence"), (7.0, "Intro"), (20.0, "Verse"), (31.5, "End")])
    assert found.starts.tolist() == [0.0, 7.0, 20.0] and found.end == 31.5
    assert found.labels == ("Silence", "Intro", "Verse")


def test_an_end_may_be_told_beside_the_rows():
    found = segments([(4.0, "b"), (0.0, "a")], end=9.0)
    assert found.starts.tolist() == [0.0, 4.0] and found.labels == ("a", "b") and found.end == 9.0


@pytest.mark.parametrize("gap", [" ", "\t"])
def test_beats_have_a_place_in_the_bar_or_none(gap):
    grid = beats("\n".join(f"{t}{gap}{p}" for t, p in [(0.5, 3), (1.0, 1), (1.5, 2), (2.0, 3), (2.5, 1)]))
    assert grid.positions.tolist() == [3, 1, 2, 3, 1] and grid.beats_per_bar == 3
    assert beats("0.5\n1.0\n1.5\n").positions.tolist() == [0, 0, 0]


def test_beats_that_go_back_are_refused():
    with pytest.raises(ValueError, match="increasing"):
        beats("1.0 1\n0.5 2\n")


def test_recordings_are_found_below_the_folder_or_asked_for(tmp_path, write):
    (tmp_path / "audio" / "Samba").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"put the recordings into .*audio, named as their annotations are"):
        recordings(tmp_path / "audio")
    path = write("audio/Samba/Media-1.wav", np.zeros(100, np.float32))
    (tmp_path / "audio" / "cover.jpg").touch()
    assert recordings(tmp_path / "audio") == {"Media-1": path}
