from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from segue_exporter.export import Gate, Mean, export
from segue_exporter.restore import RestoreError, restore
from segue_models import architectures
from segue_models.architectures import build
from segue_models.serving.model_card import ModelCard
from segue_models.training import gate

NAMES = sorted(p.stem for p in Path(architectures.__file__).parent.glob("*.py") if p.stem != "__init__")
SIZES = {
    "beat_blstm": {"features": 75, "layers": 1, "units": 100},  # large enough that the export leaves it in parts
    "downbeat_gru": {"percussive": 50, "harmonic": 25, "units": 4, "layers": 1},
    "boundary_cnn": {"context_cells": 24, "bands": 75, "pool": (2, 6)},
    "boundary_cnn_hpss": {"context_cells": 24, "bands": 20, "lags": 15, "pool": (2, 6), "lag_pool": (2, 6)},
    "boundary_cnn_sslm": {"context_cells": 24, "bands": 40, "lags": 35, "pool": (2, 6), "lag_pool": (2, 6)},
}

SHIPPED = sorted((Path(str(files("segue_bridge"))) / "shipped").glob("*.onnx"))
TASKS = {
    "beat_blstm": "downbeats", "downbeat_gru": "beats",
    "boundary_cnn": "boundaries", "boundary_cnn_sslm": "boundaries_sslm", "boundary_cnn_hpss": "boundaries_hpss",
}  # fmt: skip


def size(name):
    return SIZES.get(name, {} if architectures.layout(name) == "song" else {"context_cells": 36})


def state_of(name):
    roles = () if name in TASKS else ("entry", "exit") if architectures.layout(name) == "song" else ("entry",)
    rng = np.random.default_rng(0)
    recipe = {
        "name": "t", "task": TASKS.get(name, "cuts"), "architecture": name, "roles": roles,
        "network": size(name), "data": {"corpora": ["x"], "cells_per_beat": 4},
    }  # fmt: skip
    return {"recipe": recipe, "mean": rng.normal(-4, 1, 75), "std": rng.uniform(1, 2, 75), "data": []}


def difference(path):
    """Between the restored network and ONNX Runtime, which did not take part in restoring it, on random input."""
    network, card = restore(path)
    length = 300 if card.layout == "song" else card.context_cells
    x = np.random.default_rng(5).normal(size=(2, length, len(card.mean))).astype(np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    served = session.run(["probability"], {card.layout: x})[0]
    with torch.no_grad():
        logits = network(torch.from_numpy(x))
    restored = logits.softmax(-1) if network.exclusive else torch.sigmoid(logits)
    assert served.std() > 1e-4  # a network that says the same of everything would agree with any
    return np.abs(restored.numpy() - served).max()


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_comes_back_from_its_file(name, tmp_path):
    torch.manual_seed(3)
    network = build(name, **size(name))
    export(network, state_of(name), tmp_path / "m.onnx", version="1")
    assert difference(tmp_path / "m.onnx") < 1e-5
    (restored,) = restore(tmp_path / "m.onnx")[0].networks
    for (key, a), b in zip(network.named_parameters(), restored.parameters(), strict=True):
        assert torch.equal(a, b), key


@pytest.mark.long
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_networks_come_back(path):
    assert difference(path) < 1e-5
    network, card = restore(path)
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    assert not network.training


@pytest.mark.long
def test_the_members_of_a_mean_are_there_one_by_one(tmp_path):
    torch.manual_seed(4)
    members = [build("cut_cnn_2d", **size("cut_cnn_2d")).eval() for _ in range(2)]
    export(Mean(members), state_of("cut_cnn_2d"), tmp_path / "m.onnx", version="1")
    network, _ = restore(tmp_path / "m.onnx")
    x = torch.randn(3, 36, 75)
    assert len(network.networks) == 2
    for ours, theirs in zip(members, network.networks, strict=True):
        assert torch.equal(ours(x), theirs(x))
    assert not torch.equal(network.networks[0](x), network.networks[1](x))


@pytest.mark.long
def test_the_share_of_each_kind_comes_back(tmp_path):
    torch.manual_seed(5)
    small = {"filters": [4, 4], "channels": 8, "levels": 2}
    state = state_of("cut_tcn")
    state["recipe"] = {**state["recipe"], "network": small, "members": [{}, {"seeds": 2}], "music": ["x"]}
    members = [build("cut_tcn", **small).eval() for _ in range(3)]
    export(Mean(members, 2, Gate(np.full(75, -9, np.float32), 4.0, -4.0)), state, tmp_path / "m.onnx", version="1")
    network, _ = restore(tmp_path / "m.onnx")
    still, lively = 0.1 * torch.randn(1, 90, 75), 3 * torch.randn(1, 90, 75)
    assert torch.allclose(network(still), members[0](still), atol=0.1)
    assert torch.allclose(network(lively), (members[1](lively) + members[2](lively)) / 2, atol=0.1)
    both = network.shares(torch.cat([still, lively]))
    assert both.shape == (3, 2) and torch.allclose(both.sum(dim=0), torch.ones(2))
    assert both[0, 0] > 0.95 and both[1, 1] == both[2, 1] > 0.49


def test_the_gate_in_the_file_is_the_one_that_was_fitted():
    """Both measure how much a song changes, over what sounds."""
    rng = np.random.default_rng(0)
    norm = np.full(75, -5.0, np.float32), np.full(75, 2.0, np.float32)
    music = rng.normal(-4, 1.5, (900, 75))
    music[300:308] = music[500:700] = music[-40:] = -9.2  # a gap between notes, a pause, and an end
    example = SimpleNamespace(features=music.astype(np.float32))
    song = torch.from_numpy((example.features - norm[0]) / norm[1])[None]
    share = Gate(gate.silent(norm), 2.0, -2.0)(song)
    assert share.item() == pytest.approx(1 / (1 + np.exp(2.0 - 2.0 * gate.change(example, norm))), abs=1e-5)
    assert gate.change(example, norm) < 0.9 * float(example.features.std(axis=0).mean() / 2)


def changed(path, to, change):
    model = onnx.load(path)
    change(model)
    onnx.save(model, to)
    return to


@pytest.mark.long
def test_files_that_cannot_come_back_are_told(tmp_path):
    path = tmp_path / "m.onnx"
    export(build("cut_cnn_2d", **size("cut_cnn_2d")), state_of("cut_cnn_2d"), path, version="1")

    def no_card(model):
        del model.metadata_props[:]

    def other_weights(model):
        card = ModelCard.from_json(model.metadata_props[0].value)
        card.recipe["network"]["filters"] = (32, 64, 64)
        model.metadata_props[0].value = card.to_json()

    def other_network(model):
        card = ModelCard.from_json(model.metadata_props[0].value)
        card.recipe["network"]["pool"] = (3, 2)
        card.recipe["network"]["context_cells"] = 54
        model.metadata_props[0].value = card.to_json()

    with pytest.raises(RestoreError, match="no model card"):
        restore(changed(path, tmp_path / "a.onnx", no_card))
    with pytest.raises(RestoreError, match=r"weights network\.convolutions\.6\.weight do not fit"):
        restore(changed(path, tmp_path / "b.onnx", other_weights))
    with pytest.raises(RestoreError, match="not what it was"):
        restore(changed(path, tmp_path / "c.onnx", other_network))
    (tmp_path / "d.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(RestoreError, match="not an ONNX model"):
        restore(tmp_path / "d.onnx")
    with pytest.raises(RestoreError, match="cannot read"):
        restore(tmp_path / "e.onnx")
