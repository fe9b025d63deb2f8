import shutil
from dataclasses import replace

import onnx
import pytest

from segue_bridge import model_store, model_versions
from segue_bridge.errors import SegueError
from segue_models.serving.inference import load


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return model_store.folder()


@pytest.fixture
def learned_model():
    return learned("1.0+1")


def learned(version):
    """The bytes of the shipped network with a card that says that it has learned from the user."""
    path = next(s.path for s in model_store.available() if s.name == "cuts")
    card = load(path).card
    data = (*card.training_data, {"corpus": "user", "licence": "the user's own", "songs": 3})
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"card": replace(card, training_data=data, version=version).to_json()})
    return model.SerializeToString()


def test_every_version_is_kept_and_comes_back(own_folder):
    first, second = model_versions.install(b"one"), model_versions.install(b"two")
    serving = own_folder / "cuts.onnx"
    assert serving.read_bytes() == second.read_bytes() == b"two" and first.read_bytes() == b"one"
    assert [s.path for s in model_store.available() if s.name.startswith("cuts")] == [serving]
    assert model_versions.rollback() == first and serving.read_bytes() == b"one"
    assert model_versions.rollback() is None and not serving.exists()
    with pytest.raises(SegueError, match="nothing before"):
        model_versions.rollback()


def test_what_was_rolled_back_is_not_what_a_later_version_goes_back_to(own_folder):
    model_versions.install(b"one"), model_versions.install(b"two")
    model_versions.rollback()
    third = model_versions.install(b"three")
    assert third.name == "cuts-3.onnx"
    model_versions.rollback()
    assert (own_folder / "cuts.onnx").read_bytes() == b"one"
    assert sorted(path.name for path in third.parent.iterdir()) == ["cuts-1.onnx", "cuts-2.undone", "cuts-3.undone"]


def test_a_model_of_the_users_own_comes_back_too(own_folder):
    own_folder.mkdir(parents=True)
    (own_folder / "cuts.onnx").write_bytes(b"mine")
    model_versions.install(b"learned")
    model_versions.rollback()
    assert (own_folder / "cuts.onnx").read_bytes() == b"mine"


def test_a_full_disk_leaves_what_served(own_folder, monkeypatch):
    model_versions.install(b"one")
    real = model_versions.files.write

    def full(path, content, *mode):
        if path.parent == own_folder:
            raise OSError(28, "No space left on device", str(path))
        real(path, content, *mode)

    monkeypatch.setattr(model_versions.files, "write", full)
    with pytest.raises(OSError, match="No space"):
        model_versions.install(b"two")
    assert (own_folder / "cuts.onnx").read_bytes() == b"one"
    monkeypatch.undo()
    monkeypatch.setenv("XDG_DATA_HOME", str(own_folder.parents[1]))
    assert model_versions.rollback() is None


def test_a_new_version_serves_at_once_in_a_process_that_runs(own_folder):
    shipped = next(s.path for s in model_store.available() if s.name == "cuts")
    before = model_store.network("cuts")
    assert model_versions.unlearned() == shipped
    model_versions.install(shipped.read_bytes())
    assert model_store.network("cuts") is not before
    assert model_store.describe("cuts") != "none"


def test_learning_begins_with_what_was_not_learned(own_folder, learned_model):
    own_folder.mkdir(parents=True)
    shipped = model_versions.unlearned()
    model_versions.install(learned_model)
    assert model_versions.unlearned() == shipped
    model_versions.rollback()
    shutil.copy(shipped, own_folder / "cuts.onnx")
    model_versions.install(learned_model)
    assert model_versions.unlearned().read_bytes() == shipped.read_bytes()
    assert model_versions.unlearned().parent.name == "versions"


def test_what_learned_from_a_version_that_no_longer_ships_is_told():
    now = model_store.network("cuts").card.version
    old, new = learned("0.9+1"), learned(f"{now}+2")
    assert model_versions.outgrown() == ""
    model_versions.install(old)
    assert model_versions.outgrown() == now
    model_versions.install(new)
    assert model_versions.outgrown() == ""
