"""Model files that cannot serve: each kind made from the network that ships, by name."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from segue_models.serving.inference import load
from segue_models.serving.model_card import ModelCard

SHIPPED = Path(str(files("segue_bridge"))) / "shipped"


def _card(name: str) -> ModelCard:
    return load(SHIPPED / f"{name}.onnx").card


def _with_card(path: Path, name: str, change: Callable[[dict], object]) -> None:
    model = onnx.load(SHIPPED / f"{name}.onnx")
    card = json.loads(_card(name).to_json())
    change(card)
    helper.set_model_props(model, {"card": json.dumps(card)})
    path.write_bytes(model.SerializeToString())


def _fill(card: dict, key: str, value: float) -> None:
    card[key] = [value] * len(card[key])


def _shorten(card: dict) -> None:
    card["mean"], card["std"] = card["mean"][1:], card["std"][1:]


def _graph(path: Path, name: str, bands=0, outputs=0, dtype: int = TensorProto.FLOAT, said="probability") -> None:
    """A small network of that card, a matrix over the bands; bands, outputs: others than the card says."""
    card = replace(_card(name), layout="song", context_cells=0)
    bands, outputs = bands or len(card.mean), outputs or len(card.outputs)
    x = helper.make_tensor_value_info("song", dtype, [1, "cells", bands])
    y = helper.make_tensor_value_info(said, dtype, [1, "cells", outputs])
    weights = helper.make_tensor("weights", dtype, [bands, outputs], [0.0] * bands * outputs)
    nodes = [helper.make_node("MatMul", ["song", "weights"], ["z"]), helper.make_node("Sigmoid", ["z"], [said])]
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [weights]), opset_imports=opset, ir_version=9)
    helper.set_model_props(model, {"card": card.to_json()})
    path.write_bytes(model.SerializeToString())


def _half(path: Path) -> None:
    content = (SHIPPED / "cuts.onnx").read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 100 << 30)


# No files at all, which can be told without opening them.
ODD: dict[str, Callable[[Path, str], object]] = {
    "dangling": lambda path, name: path.symlink_to("nowhere"),
    "loop": lambda path, name: path.symlink_to(path.name),
    "folder": lambda path, name: path.mkdir(),
    "fifo": lambda path, name: os.mkfifo(path),
    "device": lambda path, name: path.symlink_to("/dev/zero"),
}

# Files that are no model which can serve.
BROKEN: dict[str, Callable[[Path, str], object]] = {
    "empty": lambda path, name: path.write_bytes(b""),
    "text": lambda path, name: path.write_text("no model"),
    "half": lambda path, name: _half(path),
    "huge": lambda path, name: _huge(path),
    "no card": lambda path, name: path.write_bytes(_without_card(name)),
    "card of NaN": lambda path, name: _with_card(path, name, lambda card: _fill(card, "mean", float("nan"))),
    "card of std 0": lambda path, name: _with_card(path, name, lambda card: _fill(card, "std", 0.0)),
    "card of few bands": lambda path, name: _with_card(path, name, _shorten),
    "card of other outputs": lambda path, name: _with_card(path, name, lambda card: card.update(outputs=["a", "b"])),
    "card of more outputs": lambda path, name: _with_card(path, name, lambda card: card["outputs"].append("more")),
    "another's part": lambda path, name: path.write_bytes((SHIPPED / _other(name)).read_bytes()),
    "few bands": lambda path, name: _graph(path, name, bands=20),
    "few outputs": lambda path, name: _graph(path, name, outputs=1),
    "doubles": lambda path, name: _graph(path, name, dtype=TensorProto.DOUBLE),
    "no probability": lambda path, name: _graph(path, name, said="something"),
}


def _other(name: str) -> str:
    return "beats.onnx" if name == "cuts" else "cuts.onnx"


def _without_card(name: str) -> bytes:
    model = onnx.load(SHIPPED / f"{name}.onnx")
    del model.metadata_props[:]
    return model.SerializeToString()
