from functools import partial
from pathlib import Path

import numpy as np
import pytest

from segue_models.rendering.batch import rendered
from segue_models.rendering.store import load
from segue_models.track import Track


def _toy(made: Path, name: str):
    (made / f"{name}.{len(list(made.iterdir()))}").touch()
    if name == "bad":
        raise ValueError("bad song")
    return Track(name, "toy", "nobody", "CC0 1.0", Path(), np.array([[0.1, 0.2]])), np.zeros(4410, dtype=np.float32)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_batch_goes_on_with_what_is_missing_or_half_written(tmp_path, jobs):
    made, folder = tmp_path / "made", tmp_path / "cache"
    made.mkdir()
    names = ["one", "two", "three"]
    assert [t.name for t in rendered(partial(_toy, made), names, folder, 1, jobs, "toys")] == names
    truth = folder / "two.npz"
    truth.write_bytes(truth.read_bytes()[:100])  # as a full disk or a power cut leaves it
    (folder / "three.999.tmp").write_bytes(b"half a song")
    before = {p.name for p in made.iterdir()}
    assert [t.name for t in rendered(partial(_toy, made), names, folder, 1, jobs, "toys")] == names
    assert [p.name.split(".")[0] for p in made.iterdir() if p.name not in before] == ["two"]
    assert not list(folder.glob("*.tmp"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_song_that_fails_says_so_and_leaves_the_others(tmp_path, jobs):
    made, folder = tmp_path / "made", tmp_path / "cache"
    made.mkdir()
    with pytest.raises(ValueError, match="bad song"):
        rendered(partial(_toy, made), ["one", "bad"], folder, 1, jobs, "toys")
    assert load(folder, "one", 1) is not None
