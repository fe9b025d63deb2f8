import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segue_models import recipe as recipes
from segue_models.architectures import build
from segue_models.training import train as training
from segue_models.training.train import _update, load, train
from test_batches import example


def tiny(epochs):
    return recipes.from_dict({
        "name": "tiny", "architecture": "cut_tcn", "roles": ["entry", "exit"],
        "data": {"corpora": ["pop909"]},
        "network": {"filters": [4, 4], "channels": 8, "levels": 2},
        "training": {"optimiser": "adamw", "learning_rate": 3e-3, "epochs": epochs, "patience": 50},
    })  # fmt: skip


def songs():
    out = []
    for seed in range(8):
        e = example(520, seed)
        # A task that can be learnt: the label is heard in the lowest bands.
        e.features[:, :20] = np.where(e.dense[:, :1], 0.0, -6.0)
        e.labels[:, 0] = e.dense[e.onset_cells, 0]
        out.append(e)
    return out


@pytest.mark.long
def test_it_learns_and_keeps_the_best_epoch(tmp_path):
    best = train(tiny(12), songs(), songs(), tmp_path, lambda line: None)
    log = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").read_text().splitlines()]
    assert len(log) == 12 and log[-1]["validation"] < log[0]["validation"]
    network, state = load(best)
    assert not network.training and state["trainable"]
    assert state["data"] == [{"corpus": "pop909", "licence": "CC0", "songs": 8}]


@pytest.mark.long
def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    def stop(line):
        if "epoch 3" in line:
            raise KeyboardInterrupt

    recipe = tiny(6)
    said = []
    with contextlib.suppress(KeyboardInterrupt):
        train(recipe, songs(), songs(), tmp_path / "stopped", stop)
    resumed = train(recipe, songs(), songs(), tmp_path / "stopped", said.append)
    whole = train(recipe, songs(), songs(), tmp_path / "whole", lambda line: None)
    assert said[0] == "goes on after epoch 3" and len(said) == 4
    for a, b in zip(load(resumed)[0].parameters(), load(whole)[0].parameters(), strict=True):
        assert torch.allclose(a, b, atol=0.05)  # dropout draws anew after a stop, nothing else differs


def test_too_few_songs_are_told_and_nothing_is_kept(tmp_path):
    with pytest.raises(ValueError, match="do not fill one batch: add songs"):
        train(tiny(1), songs()[:1], songs(), tmp_path, lambda line: None)
    assert not list((tmp_path / "tiny").glob("*.pt"))


def test_a_network_that_diverges_is_told(tmp_path):
    wild = replace(tiny(3), training=replace(tiny(3).training, learning_rate=1e30))
    with pytest.raises(ValueError, match="diverged: choose a lower learning_rate"):
        train(wild, songs(), songs(), tmp_path, lambda line: None)


@pytest.mark.parametrize(("has", "heard"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_for_devices_that_have_it(monkeypatch, has, heard):
    monkeypatch.setattr(training, "_has_bfloat16", lambda device: has)
    network, dtypes = build("cut_cnn_2d", context_cells=24), []
    network.register_forward_hook(lambda module, given, said: dtypes.append(said.dtype))
    batch = tuple(np.ones(of, np.float32) for of in ((2, 24, 75), (2, 1), (2, 1)))
    _update(network, batch, torch.optim.SGD(network.parameters(), lr=0.0), torch.device("cpu"))
    assert dtypes == [heard]


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="only Linux lists what its CPU can do")
def test_a_cpu_without_wide_vectors_has_no_bfloat16():
    flags = set(Path("/proc/cpuinfo").read_text().split())
    assert training._has_bfloat16(torch.device("cuda"))
    assert training._has_bfloat16(torch.device("cpu")) <= bool(flags & {"avx512bw", "avx512_bf16", "bf16", "amx_bf16"})


@pytest.mark.long
def test_a_shape_without_gradients_in_bfloat16_learns_all_the_same(monkeypatch):
    """Those of its third convolution are NaN with torch 2.13 on some CPUs."""
    monkeypatch.setattr(training, "_has_bfloat16", lambda device: True)
    network = build("cut_cnn_2d", filters=(64, 128, 256), shape=(9, 3), pool=(2, 2), bands=75, context_cells=12)
    network = network.to(memory_format=torch.channels_last)
    before = [p.detach().clone() for p in network.parameters()]
    rng = np.random.default_rng(0)
    batch = tuple(rng.random(of).astype(np.float32) for of in ((50, 12, 75), (50, 1), (50, 1)))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)
    assert 0 < _update(network, batch, optimiser, torch.device("cpu")) < 10
    for was, now in zip(before, network.parameters(), strict=True):
        assert torch.isfinite(now).all() and not torch.equal(was, now)


def test_a_recipe_can_begin_with_what_another_has_learnt(tmp_path):
    further = replace(tiny(1), name="further", training=replace(tiny(1).training, start="tiny", learning_rate=0.0))
    with pytest.raises(ValueError, match="train tiny first"):
        train(further, songs(), songs(), tmp_path, lambda line: None)
    first, before = load(train(tiny(2), songs(), songs(), tmp_path, lambda line: None))
    later, after = load(train(further, [*songs(), *songs()[:3]], songs(), tmp_path, lambda line: None))
    for a, b in zip(first.parameters(), later.parameters(), strict=True):
        assert torch.equal(a, b)
    assert np.array_equal(before["mean"], after["mean"]) and np.array_equal(before["std"], after["std"])
