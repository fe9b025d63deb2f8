import dataclasses

import numpy as np
import pytest

from segue_bridge import explanation, model_store
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, AudioInfo, Beat
from segue_models.cuts import scoring

BEAT = 0.5  # seconds


def analysis_of(path, seconds):
    count = round(seconds / BEAT)
    beats = [Beat(BEAT * i, i // 4 + 1, i % 4 + 1) for i in range(count)]
    return Analysis(AudioInfo(str(path), seconds, 44100, ""), {}, 120.0, 4, beats, [], [], [], [])


@pytest.fixture
def music(write, sine):
    """20 s at 120 beats a minute: a note on every beat, half a beat long."""
    half = round(BEAT / 2 * 44100)
    return write("music.wav", np.tile(np.concatenate([sine(440, seconds=BEAT / 2), np.zeros(half)]), 40))


def test_what_an_onset_is_explained_by(music):
    found = explanation.explain(music, analysis_of(music, 20.0), "cuts", 10.04, "exit")
    assert found.time == pytest.approx(10.0, abs=0.01) and found.role == "exit"
    k = model_store.network("cuts").card.cells_per_beat
    cells = 2 * explanation.BEATS_SHOWN * k
    assert found.heard.shape == found.maps.positive.shape == (cells, 75) and found.onset == cells // 2
    # The first half of a beat sounds and the second does not, but where a frame reaches over.
    level = found.heard.max(axis=1).reshape(-1, k)
    assert level[:, : k // 2 - 1].min() > level[:, k // 2 + 1 : -1].max() + 6
    assert [round(place) % k for place, *_ in found.beats] == [0] * len(found.beats)
    assert (found.onset, 10.0, 6, 1) in [(round(p), t, bar, beat) for p, t, bar, beat in found.beats]
    near = found.maps.absolute[found.onset - 2 * k : found.onset + 2 * k].sum()
    assert found.maps.absolute.sum() > near > 0.6 * found.maps.absolute.sum()


def test_without_a_role_the_likelier_one_is_explained(music):
    found = explanation.explain(music, analysis_of(music, 20.0), "cuts", 10.0, None)
    card = model_store.network("cuts").card
    by_threshold = {role: found.scores[role] / card.threshold[role] for role in ("exit", "entry")}
    assert found.role == max(by_threshold, key=by_threshold.get)
    assert found.is_cut == (found.scores[found.role] >= card.threshold[found.role])


def test_the_served_score_is_what_is_explained():
    rng = np.random.default_rng(0)
    outputs = ("entry", "exit", "lead")
    logits = rng.normal(size=(40, 3))
    served = scoring.smooth_logits(logits, outputs, 4)
    for cell in (0, 1, 17, 39):
        for column in range(3):
            weights = explanation.reading(outputs, 40, cell, column, 4)
            assert (weights * logits).sum() == pytest.approx(served[cell, column])


def test_before_the_start_of_a_song_nothing_is_heard(music):
    found = explanation.explain(music, analysis_of(music, 20.0), "cuts", 0.5, "entry")
    missing = np.isnan(found.heard).all(axis=1)
    assert missing.any() and np.isfinite(found.heard[~missing]).all()
    assert (found.maps.absolute[missing] == 0).all()


@pytest.mark.parametrize(
    ("model", "role", "says"),
    [("sections", None, "a model of boundaries_sslm: name a model of cuts"), ("other", None, "no model 'other'")],
)
def test_a_model_that_tells_no_cuts(model, role, says):
    with pytest.raises(SegueError, match=says):
        explanation.check(model, role)


def test_a_role_the_model_does_not_tell(monkeypatch):
    network = model_store.network("cuts")
    card = dataclasses.replace(network.card, outputs=("exit",))
    monkeypatch.setattr(model_store, "network", lambda name: dataclasses.replace(network, card=card))
    with pytest.raises(SegueError, match="cuts tells no entry: it tells exit"):
        explanation.check("cuts", "entry")


def test_no_onset_near():
    with pytest.raises(SegueError, match=r"within 1 s of 5\.00 s: the nearest are at 2\.00 s and 9\.00 s"):
        explanation.nearest(np.array([1.0, 2.0, 9.0]), 5.0)
    with pytest.raises(SegueError, match="there is none in this recording"):
        explanation.nearest(np.empty(0), 5.0)
    assert explanation.nearest(np.array([1.0, 2.0, 9.0]), 2.4) == 2.0


@pytest.mark.long
def test_of_a_network_that_hears_what_stands_out_the_song_is_explained(music, tmp_path, monkeypatch):
    import torch

    from segue_exporter.export import export
    from segue_models.architectures import build

    torch.manual_seed(0)
    size = {"filters": (4, 4), "channels": 8, "levels": 2, "foreground": True}
    recipe = {"name": "apart", "architecture": "cut_tcn", "roles": ("entry", "exit"), "network": size,
              "data": {"corpora": ["x"], "cells_per_beat": 4, "foreground": True}}  # fmt: skip
    state = {"recipe": recipe, "mean": np.full(150, -5.0), "std": np.ones(150), "data": []}
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    export(build("cut_tcn", **size), state, tmp_path / "apart.onnx", version="1")
    found = explanation.explain(music, analysis_of(music, 20.0), "apart", 10.0, "exit")
    assert found.maps.absolute.shape == (48, 75) and found.maps.absolute.max() > 0
    assert found.heard.shape == (48, 75)


@pytest.mark.long
def test_a_network_of_excerpts_is_explained_too(music, tmp_path, monkeypatch):
    import torch

    from segue_exporter.export import export
    from segue_models.architectures import build

    torch.manual_seed(0)
    size = {"context_cells": 24, "filters": (4, 4, 4)}
    recipe = {"name": "paper", "architecture": "cut_cnn_2d", "roles": ("exit",), "network": size,
              "data": {"corpora": ["x"], "cells_per_beat": 4}}  # fmt: skip
    state = {"recipe": recipe, "mean": np.full(75, -5.0), "std": np.ones(75), "data": []}
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    export(build("cut_cnn_2d", **size), state, tmp_path / "paper.onnx", version="1")
    found = explanation.explain(music, analysis_of(music, 20.0), "paper", 10.0, None)
    assert found.role == "exit" and list(found.scores) == ["exit"]
    assert found.maps.absolute.shape == (24, 75) and found.maps.absolute.max() > 0
