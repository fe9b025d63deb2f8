import pytest

from segue_bridge import model_store
from segue_bridge.errors import SegueError


def test_the_package_ships_networks_that_may_be_shipped():
    shipped = [s for s in model_store.available() if s.shipped]
    assert [s.name for s in shipped] == ["beats", "cuts", "sections"]
    assert set(model_store.network("sections").card.outputs) == {"section", "phrase"}
    card = model_store.network("cuts").card
    assert set(card.outputs) >= {"entry", "exit"} and set(card.calibration) >= {"entry", "exit"}
    assert sum(d["songs"] for d in card.training_data if d["corpus"] == "pop909") >= 150
    for stored in shipped:
        data = model_store.network(stored.name).card.training_data
        assert data and all("NC" not in d["licence"] and "ND" not in d["licence"] for d in data)
    assert sum(s.path.stat().st_size for s in shipped) < 8e6


def test_a_users_model_hides_the_shipped_one(monkeypatch, tmp_path):
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    shipped = model_store.available()
    (tmp_path / "cuts.onnx").write_bytes(b"mine")
    mine = model_store.available()
    assert sorted(s.name for s in mine) == [s.name for s in shipped]
    assert mine[0].path == tmp_path / "cuts.onnx" and not mine[0].shipped
    with pytest.raises(SegueError, match="not an ONNX model"):
        model_store.network("cuts")


def test_the_description_changes_with_the_file():
    name, *_, digest = model_store.describe("cuts").split()
    assert name == "cuts" and len(digest) == 12
    assert model_store.describe("no such model") == "none"
