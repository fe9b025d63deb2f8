from dataclasses import replace

import numpy as np
import pytest
import torch

from segue_exporter import last_layer
from segue_exporter.export import Gate, Mean, export
from segue_exporter.restore import restore
from segue_models.architectures import build
from segue_models.cuts import scoring
from segue_models.serving import inference
from segue_models.serving.model_card import Calibration
from segue_models.training.preference import ROLES, Preference

pytestmark = pytest.mark.long

STATE = {
    "recipe": {
        "name": "t", "architecture": "cut_tcn", "roles": ["entry", "exit"],
        "network": {"filters": [4, 4], "channels": 8, "levels": 2},
        "data": {"corpora": ["x"], "cells_per_beat": 4},
        "members": [{}, {"network": {"channels": 12}}], "music": ["x"],
    },
    "mean": np.full(75, -4.0), "std": np.full(75, 1.5), "data": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Two networks of two sizes, averaged by how much the sound of a song changes."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    network = STATE["recipe"]["network"]
    members = [build("cut_tcn", **{**network, "channels": n}) for n in (8, 12)]
    export(Mean(members, 1, Gate(np.full(75, -9, np.float32), 1.0, -2.0)), STATE, path, version="1")
    return path


@pytest.mark.long
def test_a_taste_added_to_the_log_odds_is_what_the_changed_network_serves(model, tmp_path):
    rng = np.random.default_rng(2)
    features, cells = rng.normal(-4, 2, (300, 75)).astype(np.float32), np.arange(5, 300, 7)
    network, card = restore(model)
    x = inference.standardised(scoring.inputs(features, card), card)
    assert network.shares(torch.from_numpy(x)[None])[:, 0].tolist() == pytest.approx(
        [0.66, 0.34], abs=0.02
    )  # what changes by 4/3 of the deviation of training
    heard = last_layer.hidden(network, card, features)
    assert heard.shape == (300, 20)
    taste = Preference(
        {r: rng.normal(0, 0.3, 20) for r in ROLES}, {"entry": 0.4, "exit": -0.6}, {"entry": 0.0, "exit": 0.0}
    )
    before = scoring.log_odds(inference.load(model), features, cells)

    last_layer.change(network, card, taste)
    export(network, STATE, tmp_path / "new.onnx", version="2")
    after = scoring.log_odds(inference.load(tmp_path / "new.onnx"), features, cells)
    smooth = scoring.smooth_logits(heard, ("exit",) * 20, 4)[cells]
    for role in ROLES:
        column = card.outputs.index(role)
        expected = before[:, column] + smooth @ taste.weights[role] + taste.bias[role]
        assert after[:, column] == pytest.approx(expected, abs=5e-3)  # weights are stored as float16
        assert np.abs(after[:, column] - before[:, column]).max() > 0.3
    assert after[:, 2] == pytest.approx(before[:, 2], abs=1e-5)  # lead activity stays


def test_a_network_that_tells_one_role_is_refused(model):
    card = inference.load(model).card
    last_layer.check(card)
    for other in (replace(card, layout="excerpt"), replace(card, outputs=("entry", "lead"))):
        with pytest.raises(ValueError, match="entries and exits"):
            last_layer.check(other)


@pytest.mark.long
def test_what_downbeats_add_is_served_on_downbeats_alone(model, tmp_path):
    network, _ = restore(model)
    calibration = {"exit": Calibration(0.8, -0.3, ("a song",), downbeat=1.5)}
    export(network, STATE, tmp_path / "new.onnx", version="2", calibration=calibration)
    served = inference.load(tmp_path / "new.onnx")
    features, cells = np.random.default_rng(3).normal(-4, 2, (100, 75)).astype(np.float32), np.arange(100)
    opens_bar = cells % 16 == 0
    off, on = (scoring.scores(served, features, cells, given)["exit"] for given in (None, opens_bar))
    odds = np.log(on / (1 - on)) - np.log(off / (1 - off))
    assert odds == pytest.approx(np.where(opens_bar, 1.5, 0.0), abs=1e-6)
