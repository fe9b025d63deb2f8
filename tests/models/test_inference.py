import hashlib
import os
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from segue_models.features import cqt, gammatone, handcrafted
from segue_models.serving import inference
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


def served(tmp_path, make, card=CARD):
    """A network with that card whose graph is `make(song)` -> nodes that end in `probability`."""
    x = helper.make_tensor_value_info("song", TensorProto.FLOAT, [1, "cells", 75])
    y = helper.make_tensor_value_info("probability", TensorProto.FLOAT, None)
    nodes, constants = make()
    model = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], constants), opset_imports=[helper.make_opsetid("", 20)], ir_version=9
    )
    helper.set_model_props(model, {"card": card.to_json()})
    onnx.save(model, str(tmp_path / "m.onnx"))
    return inference.load(tmp_path / "m.onnx")


def columns(first, last):
    """Sigmoid of some of the columns."""
    names = ("starts", "ends", "axes")
    constants = [
        helper.make_tensor(n, TensorProto.INT64, [1], [v]) for n, v in zip(names, (first, last, 2), strict=True)
    ]
    return [
        helper.make_node("Slice", ["song", *names], ["part"]), helper.make_node("Sigmoid", ["part"], ["probability"])
    ], constants  # fmt: skip


FEATURES = np.zeros((50, 75), np.float32)


def test_what_a_network_says_is_checked(tmp_path):
    assert served(tmp_path, lambda: columns(0, 3)).activations(FEATURES).tolist() == [[0.5] * 3] * 50
    odd = {
        "two outputs": lambda: columns(0, 2),
        "no probability": lambda: ([helper.make_node("Slice", ["song", "starts", "ends", "axes"], ["probability"])],
                                   columns(0, 3)[1]),
        "no rows": lambda: ([helper.make_node("ReduceMean", ["song"], ["probability"])], []),
    }  # fmt: skip
    for name, make in odd.items():
        with pytest.raises(inference.ModelError, match="does not say what its card promises") as told:
            served(tmp_path, make).activations(FEATURES - 7)
        assert "cuts 1" in str(told.value), name
    with pytest.raises(inference.ModelError, match="does not say"):
        served(tmp_path, lambda: columns(0, 3)).activations(FEATURES * np.nan)


def test_a_run_that_fails_is_told_in_one_line(tmp_path):
    def fixed():
        shape = helper.make_tensor("shape", TensorProto.INT64, [3], [1, 10, 3])
        nodes, constants = columns(0, 3)
        nodes[-1] = helper.make_node("Sigmoid", ["part"], ["said"])
        return [*nodes, helper.make_node("Reshape", ["said", "shape"], ["probability"])], [*constants, shape]

    network = served(tmp_path, fixed)
    assert network.activations(FEATURES[:10]).shape == (10, 3)
    with pytest.raises(inference.ModelError, match="cuts 1 cannot run") as told:
        network.activations(FEATURES)
    assert "\n" not in str(told.value)


def test_a_network_knows_the_hash_of_its_file(tmp_path):
    path = graph(tmp_path, card=CARD.to_json())
    assert inference.load(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_pipe_is_no_model_and_nobody_waits_for_its_other_end(tmp_path):
    os.mkfifo(tmp_path / "m.onnx")
    with pytest.raises(inference.ModelError):
        inference.load(tmp_path / "m.onnx")
    with pytest.raises(inference.ModelError, match="no regular file"):
        inference._content(tmp_path / "m.onnx")
    with pytest.raises(inference.ModelError, match="cannot be read"):
        inference._content(tmp_path)


def test_metadata_that_are_no_text_are_refused(tmp_path):
    path = graph(tmp_path, card=CARD.to_json())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"cut_tcn", b"\xff\xfe\xfd_tcn"))
    assert path.read_bytes() != content
    with pytest.raises(inference.ModelError):
        inference.load(path)
