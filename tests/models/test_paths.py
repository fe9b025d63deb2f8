from pathlib import Path

import segue_models
from segue_models.paths import default_paths
from segue_models.serving import inference


def test_the_environment_says_where(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "cache"))
    assert (default_paths().data, default_paths().cache) == (tmp_path / "data", tmp_path / "cache")


def test_without_it_nothing_lies_in_the_checkout(monkeypatch):
    checkout = Path(segue_models.__file__).resolve().parents[2]
    for empty in (False, True):
        for name in ("SEGUE_DATA", "SEGUE_CACHE"):
            monkeypatch.setenv(name, "") if empty else monkeypatch.delenv(name, raising=False)
        assert default_paths().data == checkout.parent / "shared" / "data"
        assert default_paths().cache.is_absolute() and checkout not in default_paths().cache.parents
        assert 1 <= default_paths().jobs <= 2


def test_songs_are_heard_with_the_beats_that_ship():
    assert inference.load(default_paths().beats).card.task == "downbeats"
