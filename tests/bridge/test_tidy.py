import os
import stat

import pytest

from segue_bridge import private, tidy
from segue_bridge.errors import SegueError


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def modes(root):
    return {str(path.relative_to(root)): oct(stat.S_IMODE(path.stat().st_mode)) for path in root.rglob("*")}


def test_what_earlier_versions_left_open_is_closed(places):
    for name in ("data/segue/models", "data/segue/spool/ardour", "cache/results", "cache/previews", "cache/other"):
        (places / name).mkdir(parents=True)
    for name in (
        "data/segue/verdicts.jsonl",
        "data/segue/models/cuts.onnx",
        "cache/results/a.json",
        "cache/daemon.log",
    ):
        (places / name).write_text("x")
        (places / name).chmod(0o644)
    tidy.up()
    after = modes(places)
    assert {name for name, mode in after.items() if mode == "0o600"} == {
        "data/segue/verdicts.jsonl",
        "data/segue/models/cuts.onnx",
        "cache/results/a.json",
        "cache/daemon.log",
    }
    closed = {"data/segue", "data/segue/models", "data/segue/spool", "cache", "cache/results", "cache/previews"}
    assert closed == {name for name, mode in after.items() if mode == "0o700"}


def test_what_is_missing_is_made(places):
    tidy.up()
    assert modes(places)["data/segue"] == modes(places)["cache"] == "0o700"


@pytest.mark.parametrize("name", ["data/segue", "cache"])
def test_a_folder_in_which_another_user_has_a_hand(places, monkeypatch, name):
    (places / name).mkdir(parents=True)
    monkeypatch.setattr(private, "uid", lambda: os.geteuid() + 1)
    with pytest.raises(SegueError, match="move it away"):
        tidy.up()


def test_files_made_meanwhile_are_their_owners(tmp_path):
    before = os.umask(0o022)
    try:
        with tidy.private_files():
            (tmp_path / "x").write_text("x")
        (tmp_path / "y").write_text("y")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"x": "0o600", "y": "0o644"}
