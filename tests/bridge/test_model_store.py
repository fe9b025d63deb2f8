import pytest

from odd_models import BROKEN, ODD, SHIPPED
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


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", [*ODD, *BROKEN])
def test_an_odd_file_hurts_only_itself(mine, kind):
    """Whatever it is, and even where it has the name of a model an analysis needs; nothing waits for it."""
    make = {**ODD, **BROKEN}[kind]
    shipped = {name: model_store.network(name) for name in model_store.SERVED}
    make(mine / "x.onnx", "cuts")
    make(mine / "beats.onnx", "beats")
    make(mine / "sections.onnx", "sections")
    assert {name: model_store.network(name) for name in model_store.SERVED} == shipped
    told = {stored.name: sentence for stored, sentence in model_store.left_out()}
    part = {"another's part", "card of few bands", "card of other outputs", "card of more outputs", "few bands"}
    part |= {"few outputs", "doubles", "no probability"}  # a model of no part is first run by who names it
    assert set(told) == {"beats", "sections"} | (set() if kind in part else {"x"})
    for name, sentence in told.items():
        assert sentence.startswith(f"{mine / name}.onnx") and "take it away" in sentence and "\n" not in sentence


@pytest.mark.parametrize("kind", [*ODD, *BROKEN])
def test_the_users_own_cuts_are_never_passed_over(mine, kind):
    {**ODD, **BROKEN}[kind](mine / "cuts.onnx", "cuts")
    for ask in (model_store.network, model_store.describe):
        with pytest.raises(SegueError, match="take it away and the model that ships serves") as fault:
            ask("cuts")
        assert fault.value.code == "no_model" and str(fault.value).startswith(str(mine / "cuts.onnx"))
    (mine / "cuts.onnx").rename(mine / "aside")
    assert model_store.network("cuts").card.name == "cuts"


def test_a_file_that_may_not_be_read_is_left_out(mine, monkeypatch):
    (mine / "beats.onnx").write_bytes(b"x")
    monkeypatch.setattr(model_store.os, "access", lambda path, mode: not str(path).startswith(str(mine)))
    assert model_store.network("beats").card.task == "downbeats"
    ((_, sentence),) = model_store.left_out()
    assert "may not be read" in sentence


def test_what_is_passed_over_is_logged_once(mine, caplog):
    (mine / "sections.onnx").write_bytes(b"none")
    for _ in range(3):
        model_store.network("sections")
    assert caplog.text.count(str(mine / "sections.onnx")) == 1


def test_a_network_of_the_users_own_serves(mine):
    for name in model_store.SERVED:
        (mine / f"{name}.onnx").write_bytes((SHIPPED / f"{name}.onnx").read_bytes())
    assert list(model_store.left_out()) == []
    assert [model_store.candidates(name)[0].path.parent for name in model_store.SERVED] == [mine] * 3


def test_stamps_change_with_every_file_and_only_then(mine):
    before = model_store.stamps()
    assert model_store.stamps() == before
    (mine / "x.onnx").symlink_to("nowhere")
    linked = model_store.stamps()
    (mine / "nowhere").write_bytes(b"a")
    assert len({before, linked, model_store.stamps()}) == 3
