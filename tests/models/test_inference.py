from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from segue_models import inference
from segue_models.features import cqt, gammatone, handcrafted
from test_model_card import CARD


def graph(tmp_path, **metadata):
    x = helper.make_tensor_value_info("song", TensorProto.FLOAT, [1, "cells", 75])
    y = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, "cells", 75])
    model = helper.make_model(
        helper.make_graph([helper.make_node("Sigmoid", ["song"], ["probability"])], "g", [x], [y]),
        opset_imports=[helper.make_opsetid("", 20)], ir_version=9,
    )  # fmt: skip
    helper.set_model_props(model, metadata)
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path))
    return path


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(inference.ModelError, match=r"nowhere\.onnx is missing"):
        inference.load(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize("content", [b"", b"no onnx at all", bytes(1000)])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(inference.ModelError, match=r"not an ONNX model|no model card"):
        inference.load(path)


def test_a_model_without_a_card_or_with_a_foreign_one_is_refused(tmp_path):
    with pytest.raises(inference.ModelError, match="no model card"):
        inference.load(graph(tmp_path))
    with pytest.raises(inference.ModelError, match="card"):
        inference.load(graph(tmp_path, card="{}"))


@pytest.mark.parametrize("other", [{"bands": 80}, {"hop": 512, "window": 2048}])
def test_a_model_of_another_feature_is_refused(tmp_path, other):
    assert inference.load(graph(tmp_path, card=CARD.to_json())).card == CARD
    foreign = replace(CARD, feature={**CARD.feature, **other})
    with pytest.raises(inference.ModelError, match=rf"another feature \({next(iter(other))} differ"):
        inference.load(graph(tmp_path, card=foreign.to_json()))
    foreign = replace(CARD, feature={**CARD.feature, "name": "nonsense"})
    with pytest.raises(inference.ModelError, match="the feature 'nonsense', which"):
        inference.load(graph(tmp_path, card=foreign.to_json()))


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        ({**gammatone.PARAMETERS, "time_base": "frames", "pooled": 1}, "gammatone in rows of frames"),
        ({**cqt.PARAMETERS, "time_base": "beats"}, "cqt in rows of beats"),
        ({**handcrafted.PARAMETERS, "time_base": "frames", "pooled": 2}, "handcrafted in rows of frames"),
    ],
)
def test_a_network_of_an_experiment_is_not_served(tmp_path, heard, says):
    path = graph(tmp_path, card=replace(CARD, task="cuts", feature=heard).to_json())
    with pytest.raises(inference.ModelError, match=says) as told:
        inference.load(path)
    assert "\n" not in str(told.value)
    other = graph(tmp_path, card=replace(CARD, task="beats", feature=heard).to_json())
    assert inference.load(other).card.feature == heard


def test_windows_centre_the_cell_and_are_zero_outside_the_song():
    song = np.arange(1, 11, dtype=np.float32)[:, None]
    windows = inference.excerpts(song, np.array([0, 5, 9]), 4)[:, :, 0]
    assert windows.tolist() == [[0, 0, 1, 2], [4, 5, 6, 7], [8, 9, 10, 0]]


def test_an_entry_is_where_the_lead_comes_and_was_not():
    lead = np.full(40, -3.0)
    lead[20:30] = 3.0
    z = np.stack([np.zeros(40), np.zeros(40), lead], axis=1)
    out = inference.read_out(z, ("entry", "exit", "lead"), 4)
    assert out[:, 0].argmax() == 20 and out[29, 0] < 0
    assert np.array_equal(out[:, 1:], z[:, 1:])


def test_neighbouring_cells_are_averaged_and_the_mean_is_kept():
    z = np.zeros((40, 1))
    z[20] = 8.0
    out = inference.read_out(z, ("exit",), 4)
    assert out[18:23, 0].tolist() == pytest.approx([0, 2, 4, 2, 0])
    assert inference.read_out(np.full((9, 1), 2.0), ("exit",), 4) == pytest.approx(np.full((9, 1), 2.0))


def test_a_cut_is_averaged_over_the_same_time_at_any_resolution():
    z = np.zeros((400, 1))
    z[200] = 1.0
    out = inference.read_out(z, ("exit",), 16)[:, 0]
    assert out.sum() == pytest.approx(1.0) and out.argmax() == 200 and np.allclose(out[1:], out[1:][::-1])
    width = np.sqrt((out * (np.arange(400) - 200) ** 2).sum()) / 16
    assert width == pytest.approx(np.sqrt((np.array([1, 2, 1]) / 4 * np.arange(-1, 2) ** 2).sum()) / 4, rel=0.2)
