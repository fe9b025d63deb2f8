from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from segue_exporter import export as exporting
from segue_exporter.parity import ParityError
from segue_models.architectures import build
from segue_models.cuts import scoring
from segue_models.serving import inference
from segue_models.serving.model_card import Calibration

SIZES = {"cut_tcn": {}, "cut_cnn_2d": {"context_cells": 24}}


def state_of(name):
    roles = ("entry", "exit") if name == "cut_tcn" else ("entry",)
    rng = np.random.default_rng(0)
    return {
        "recipe": {"name": "t", "architecture": name, "roles": roles, "network": SIZES[name],
                   "data": {"corpora": ["x"], "cells_per_beat": 4}},
        "mean": rng.normal(-4, 1, 75), "std": rng.uniform(1, 2, 75), "data": [{"corpus": "x", "licence": "CC0"}],
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", SIZES)
def test_the_served_network_says_what_torch_says(name, tmp_path):
    torch.manual_seed(1)
    network, state = build(name, **SIZES[name]).eval(), state_of(name)
    path = tmp_path / "m.onnx"
    calibration = {"entry": Calibration(0.5, -1.0, ("a song",))}
    assert exporting.export(network, state, path, version="7", calibration=calibration) < 1e-5
    served = inference.load(path)
    assert served.card.version == "7"
    assert (served.card.feature["window"], served.card.feature["hop"], served.card.feature["bands"]) == (2048, 1024, 75)
    assert [i.name for i in served.session.get_inputs()] == [served.card.layout]
    assert [o.name for o in served.session.get_outputs()] == ["probability"]

    features = np.random.default_rng(2).normal(-4, 2, (400, 75)).astype(np.float32)
    cells = np.arange(3, 400, 7)
    x = torch.from_numpy(((features - np.float32(state["mean"])) / np.float32(state["std"])).astype(np.float32))
    if served.card.layout == "song":
        raw = network(x[None])[0].detach().numpy().astype(float)
        expected = scoring.smooth_logits(raw, served.card.outputs, 4)[cells, 0]
    else:
        expected = network(torch.from_numpy(inference.excerpts(x.numpy(), cells, 24)))[:, 0].detach().numpy()
    calibrated = 1 / (1 + np.exp(-(0.5 * expected - 1.0)))
    assert np.abs(scoring.scores(served, features, cells)["entry"] - calibrated).max() < 1e-4


@pytest.mark.long
def test_weights_are_stored_small(tmp_path):
    path = tmp_path / "m.onnx"
    network = build("cut_tcn")
    exporting.export(network, state_of("cut_tcn"), path, version="1")
    assert path.stat().st_size < 2.6 * sum(p.numel() for p in network.parameters())
    onnx.checker.check_model(str(path))
    assert str(Path(torch.__file__).parents[1]).encode() not in path.read_bytes()  # no paths of the exporting machine


@pytest.mark.long
def test_averaged_networks_are_one(tmp_path):
    members = [build("cut_tcn").eval() for _ in range(2)]
    path = tmp_path / "m.onnx"
    exporting.export(exporting.Mean(members), state_of("cut_tcn"), path, version="1")
    served = inference.load(path)
    features, cells = np.zeros((60, 75), np.float32), np.array([30])
    state = state_of("cut_tcn")
    x = torch.from_numpy(((features - state["mean"]) / state["std"]).astype(np.float32))[None]
    mean = torch.stack([m(x)[0] for m in members]).mean(0).detach().numpy().astype(float)
    expected = scoring.smooth_logits(mean, served.card.outputs, 4)[30]
    assert np.abs(scoring.log_odds(served, features, cells)[0] - expected).max() < 1e-4
    assert served.card.parameters == 2 * sum(p.numel() for p in members[0].parameters())


@pytest.mark.long
def test_nothing_is_written_when_the_two_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "largest_difference", lambda *arguments: 1e-3)
    with pytest.raises(ParityError, match="nothing was written"):
        exporting.export(build("cut_tcn"), state_of("cut_tcn"), tmp_path / "m.onnx", version="1")
    assert list(tmp_path.iterdir()) == []
