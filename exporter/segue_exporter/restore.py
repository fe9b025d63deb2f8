"""The torch network of an .onnx file of ours, made from the weights in the file, so that no checkpoint is needed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from segue_exporter.export import Gate, Mean, Probability
from segue_exporter.parity import allowed, largest_difference
from segue_models import libraries
from segue_models import recipe as recipes
from segue_models.architectures import build
from segue_models.serving.model_card import CardError, ModelCard
from segue_models.training import gate as gates

Arrays = dict[str, NDArray[Any]]
# Where torch's gates stand among ONNX's: input, forget, cell, output in i o f c; reset, update, new in z r h.
GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}


class RestoreError(ValueError):
    """The file cannot become a network again; the message says which file and why."""


def restore(path: Path) -> tuple[Mean, ModelCard]:
    """Network in evaluation mode, its members in `.networks` (one or several), and the card of an .onnx file.

    Raises RestoreError for anything that is no model of ours, and where the restored network would say something else.
    """
    model, card = _read(path)
    stored = _weights(model)
    averaged = {m[1] for name in stored if (m := re.match(r"network\.networks\.(\d+)\.", name))}
    try:
        kinds = _kinds(card, len(averaged))
        members = [build(card.architecture, **settings) for kind in kinds for settings in kind]
        gate = Gate(gates.silent((card.mean, card.std))) if "network.gate.slope" in stored else None
    except (KeyError, TypeError, ValueError) as error:
        raise RestoreError(f"{path}: {card.architecture!r} as its card says cannot be built: {error}") from error
    network = Mean(members, len(kinds[-1]), gate).eval()
    exported = Probability(network if averaged else members[0])
    stored |= _joined(model, card, stored)
    _fill(exported, {**stored, **_recurrent(model, exported, stored), **_dense(model, exported, stored)}, path)
    if not _agrees(network, model, card):
        raise RestoreError(f"{path}: {card.architecture} is not what it was when this file was made: train it again")
    return network, card


def _kinds(card: ModelCard, averaged: int) -> list[list[dict[str, Any]]]:
    """Settings of each network in the file, by kinds: those of its card's recipe, or of its `members`."""
    if not card.recipe.get("members"):
        return [[card.recipe["network"]] * max(averaged, 1)]
    return [[network.network for network in kind] for kind in recipes.kinds(recipes.from_dict(card.recipe))]


def _read(path: Path) -> tuple[onnx.ModelProto, ModelCard]:
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise RestoreError(f"cannot read the model {path}: {error.strerror}") from error
    except Exception as error:  # protobuf's own DecodeError, of a package without types
        raise RestoreError(f"{path} is not an ONNX model") from error
    text = {entry.key: entry.value for entry in model.metadata_props}.get("card")
    if text is None:
        raise RestoreError(f"{path} has no model card: only files of `segue export` can be restored")
    try:
        return model, ModelCard.from_json(text)
    except CardError as error:
        raise RestoreError(f"{path}: {error}") from error


def _weights(model: onnx.ModelProto) -> Arrays:
    """Initializers by the name they have in the graph, the ones kept as float16 as float32."""
    arrays = {}
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        half = values.dtype == np.float16
        arrays[weight.name.removesuffix("_half") if half else weight.name] = (
            values.astype(np.float32) if half else values
        )
    return arrays


def _joined(model: onnx.ModelProto, card: ModelCard, stored: Arrays) -> Arrays:
    """Weights of recurrent nodes that are only put together when the network runs, as large ones are."""
    inputs = {name for node in model.graph.node if node.op_type in GATES for name in node.input[1:4] if name}
    names = sorted(inputs - set(stored))
    if not names:
        return {}
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = libraries.onnxruntime().InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    anything = np.zeros((1, 16, len(card.mean)), np.float32)
    return dict(zip(names, session.run(names, {card.layout: anything}), strict=True))


def _recurrent(model: onnx.ModelProto, network: nn.Module, stored: Arrays) -> Arrays:
    """Weights of recurrent layers, which the export joins over directions and gates, under their names in torch."""
    nodes = iter([node for node in model.graph.node if node.op_type in GATES])
    out = {}
    for (module, layer), node in zip(_layers(network), nodes, strict=False):
        of_input, of_state, *biases = (stored[name] for name in node.input[1:4] if name in stored)
        parts = [of_input, of_state, *(np.split(biases[0], 2, axis=1) if biases else ())]
        for kind, values in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), parts, strict=False):
            for direction, suffix in zip(values, ("", "_reverse"), strict=False):
                gates = np.split(direction, len(GATES[node.op_type]))
                sorted_back = np.concatenate([gates[i] for i in GATES[node.op_type]])
                out[f"{module}.{kind}_l{layer}{suffix}"] = sorted_back
    return out


def _layers(network: nn.Module) -> Iterator[tuple[str, int]]:
    for name, module in network.named_modules():
        if isinstance(module, nn.RNNBase):
            yield from ((name, layer) for layer in range(module.num_layers))


def _dense(model: onnx.ModelProto, network: nn.Module, stored: Arrays) -> Arrays:
    """Weights of dense layers over sequences, which the export turns and gives no name."""
    turned = [n.input[1] for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in stored]
    dense = [f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    unnamed = [name for name in dense if name not in stored]
    return {name: stored[found].T for name, found in zip(unnamed, turned, strict=False)}


def _fill(network: nn.Module, stored: Arrays, path: Path) -> None:
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            values = stored.get(name)
            if values is None and parameter.ndim == 1:  # the export leaves out a bias of nothing but zeros
                values = np.zeros(parameter.shape, np.float32)
            if values is None or values.shape != tuple(parameter.shape):
                raise RestoreError(f"{path}: the weights {name} do not fit the network of its card")
            parameter.copy_(torch.from_numpy(values.copy()))


def _agrees(network: nn.Module, model: onnx.ModelProto, card: ModelCard) -> bool:
    """Whether the restored network says what the file says: its code may have changed since."""
    rows = 64 if card.layout == "song" else card.context_cells
    x = np.random.default_rng(0).normal(size=(2, rows, len(card.mean))).astype(np.float32)
    whole = Probability(network).eval()
    try:
        difference = largest_difference(whole, model.SerializeToString(), card.layout, [x])
    except Exception:  # ONNX Runtime raises many private types where sizes do not fit
        return False
    return difference <= allowed(whole, [x])
