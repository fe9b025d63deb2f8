"""What status says of the models: known before it is asked, and that of now."""

import pytest

from osc_host import until
from segue_bridge import model_store, model_versions
from segue_bridge.serving import Serving


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return model_store.folder()


@pytest.fixture
def looking():
    serving = Serving()
    yield serving
    serving.stop()


def shipped(name):
    return next(s.path for s in model_store.available() if s.name == name)


def test_the_models_of_now(home, looking):
    assert looking() == {"models": {}, "provider": "loading"}
    before = model_store.describe("cuts")
    looking.start()
    until(lambda: looking()["models"].get("cuts") == before, 60)
    assert looking()["provider"] == model_store.network().provider
    assert sorted(looking()["models"]) == ["beats", "cuts", "sections"]

    mine = shipped("cuts").read_bytes()
    model_versions.install(mine.replace(b"MIT", b"GPL"))
    until(lambda: looking()["models"].get("cuts") not in (None, before), 60)
    assert looking()["models"]["cuts"] == model_store.describe("cuts")
    model_versions.install(b"broken")
    until(lambda: looking()["provider"].startswith("none: "), 60)
    model_versions.rollback()
    model_versions.rollback()
    until(lambda: looking()["models"].get("cuts") == before, 60)


def test_an_odd_file_is_logged_and_hides_nothing(home, looking, caplog):
    (home / "x.onnx").mkdir(parents=True)
    looking.start()
    until(lambda: looking()["models"], 60)
    assert sorted(looking()["models"]) == ["beats", "cuts", "sections"]
    assert f"{home / 'x.onnx'} is a folder: mend it, or take it away" in caplog.text


def test_asking_looks_at_no_file(home, looking, monkeypatch):
    looking.start()
    until(lambda: looking()["models"], 60)
    looking.stop()
    for name in ("available", "describe", "network", "stamps"):
        monkeypatch.setattr(model_store, name, None)
    assert "cuts" in looking()["models"]


def test_a_broken_file_without_a_part_hides_no_other(home, looking):
    home.mkdir(parents=True)
    (home / "x.onnx").write_text("no model")
    looking.start()
    until(lambda: looking()["provider"] != "loading", 60)
    assert sorted(looking()["models"]) == ["beats", "cuts", "sections"]
