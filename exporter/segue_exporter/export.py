"""Checkpoint to .onnx: named inputs and outputs, dynamic sizes, the card in the metadata, parity checked first."""

import io
import logging
import pickle
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from segue_exporter.parity import ParityError, allowed, largest_difference
from segue_models import files
from segue_models import recipe as recipes
from segue_models.architectures import layout
from segue_models.serving.model_card import Calibration, ModelCard
from segue_models.training import tasks
from segue_models.training.gate import GAP_CELLS

OPSET = 20


class Gate(nn.Module):
    """The share of songs (batch, cells, features) that is the second kind's, (batch,): see `training.gate`.

    silent: (bands,) normalised features of which a cell of silence reaches none.
    """

    silent: Tensor

    def __init__(self, silent: NDArray[np.float32], slope: float = 0.0, offset: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("silent", torch.from_numpy(silent.copy()))
        self.slope, self.offset = (nn.Parameter(torch.tensor([value])) for value in (slope, offset))

    def forward(self, songs: Tensor) -> Tensor:
        """Not to be learnt from, nor explained by: what a network hears in a place does not change the music."""
        x = songs[..., : len(self.silent)]
        loud = (x > self.silent).any(dim=-1, keepdim=True).to(x.dtype).transpose(1, 2)
        reach = loud.new_ones(1, 1, 2 * GAP_CELLS + 1)
        in_pause = (nn.functional.conv1d(loud, reach, padding=GAP_CELLS) < 0.5).to(x.dtype)
        music = (nn.functional.conv1d(in_pause, reach, padding=GAP_CELLS) < 0.5).to(x.dtype).transpose(1, 2)
        count = music.sum(dim=1, keepdim=True).clamp(min=1.0)
        off = (x - (x * music).sum(dim=1, keepdim=True) / count) * music
        change = ((off * off).sum(dim=1, keepdim=True) / count).sqrt().mean(dim=(1, 2))
        return torch.sigmoid(self.slope * change + self.offset).detach()


class Mean(nn.Module):
    """Several networks of one architecture as one: the mean of their logits.

    With a gate, the last `second` of them are another kind, and have their share of each song together.
    """

    def __init__(self, networks: Sequence[nn.Module], second: int = 0, gate: Gate | None = None) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.second, self.gate = second, gate
        self.exclusive = bool(getattr(networks[0], "exclusive", False))

    def shares(self, x: Tensor) -> Tensor:
        """How much each network counts, (networks, batch)."""
        count = len(self.networks)
        if self.gate is None:
            return x.new_full((count, len(x)), 1 / count)
        theirs, first = self.gate(x), count - self.second
        return torch.stack([(1 - theirs) / first] * first + [theirs / self.second] * self.second)

    def forward(self, x: Tensor) -> Tensor:
        """As each of the networks."""
        logits = torch.stack([network(x) for network in self.networks])
        return logits.mean(dim=0) if self.gate is None else (logits * self.shares(x)[:, :, None, None]).sum(dim=0)


class Probability(nn.Module):
    """The network with its logits as probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.exclusive = bool(getattr(network, "exclusive", False))

    def forward(self, x: Tensor) -> Tensor:
        """Same leading shape as the logits."""
        logits: Tensor = self.network(x)
        return logits.softmax(dim=-1) if self.exclusive else torch.sigmoid(logits)


def export(
    network: nn.Module,
    state: dict[str, Any],
    out: Path,
    *,
    version: str,
    calibration: dict[str, Calibration] | None = None,
    threshold: dict[str, float] | None = None,
    figures: dict[str, Any] | None = None,
    half: bool = True,
) -> float:
    """Write the checked .onnx file; returns the largest difference from torch.

    half: store the weights as float16 (half the file; they are computed with as float32). The torch network is
    rounded the same way first, so parity is exact; raises ParityError and writes nothing above
    what `parity.allowed` says.
    """
    network.eval()
    if half:
        network.half().float()
    card = describe(network, state, version, calibration or {}, threshold or {}, figures or {})
    model = _graph(Probability(network).eval(), card)
    if half:
        _store_half(model)
    onnx.helper.set_model_props(model, {"card": card.to_json()})
    data = model.SerializeToString()
    final, trials = Probability(network).eval(), _trial_inputs(card)
    worst, limit = largest_difference(final, data, card.layout, trials), allowed(final, trials)
    if worst > limit:
        raise ParityError(f"ONNX Runtime and torch differ by {worst:.2g}, more than {limit:.2g}: nothing was written")
    out.parent.mkdir(parents=True, exist_ok=True)
    files.write(out, data)
    return worst


def describe(
    network: nn.Module,
    state: dict[str, Any],
    version: str,
    calibration: dict[str, Calibration],
    threshold: dict[str, float],
    figures: dict[str, Any],
) -> ModelCard:
    """The card of a checkpoint."""
    recipe = state["recipe"]
    experiment = recipes.from_dict(recipe)
    task = tasks.find(experiment.task)
    return ModelCard(
        name=recipe["name"],
        version=version,
        task=experiment.task,
        architecture=recipe["architecture"],
        layout="song" if layout(recipe["architecture"]) == "song" else "excerpt",
        outputs=task.outputs(experiment),
        feature=task.feature(experiment),
        cells_per_beat=recipe["data"]["cells_per_beat"],
        context_cells=int(recipe["network"].get("context_cells", 0)),
        mean=tuple(round(float(v), 5) for v in state["mean"]),
        std=tuple(round(float(v), 5) for v in state["std"]),
        label=task.LABEL,
        threshold=threshold,
        calibration=calibration,
        training_data=tuple(state["data"]),
        figures=figures,
        parameters=sum(p.numel() for p in network.parameters()),
        recipe=recipe,
    )


def _graph(network: nn.Module, card: ModelCard) -> onnx.ModelProto:
    bands = len(card.mean)
    n = torch.export.Dim("n", min=1, max=4096)
    if card.layout == "song":
        example = torch.zeros(2, 16, bands)  # short: what is recurrent is unrolled
        shapes = {0: n, 1: torch.export.Dim("cells", min=16, max=1 << 20)}
    else:
        example, shapes = torch.zeros(2, card.context_cells, bands), {0: n}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (example,), dynamo=True, opset_version=OPSET, input_names=[card.layout],
            output_names=["probability"], dynamic_shapes=(shapes,), external_data=False,
        )  # fmt: skip
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    if card.layout == "song":  # of recurrent networks torch writes the example's length
        model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "cells"
    # torch notes for every node where in the exporting machine's files it came from: nobody's business.
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model


def _store_half(model: onnx.ModelProto) -> None:
    """Keep every large weight as float16 behind a Cast: ONNX Runtime folds the cast when it loads the file."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < 256:
            continue
        values = numpy_helper.to_array(weight)
        name = weight.name
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _trial_inputs(card: ModelCard) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    bands = len(card.mean)
    lengths = (64, 777) if card.layout == "song" else (card.context_cells,) * 2
    trials = [rng.normal(size=(b, t, bands)).astype(np.float32) for b, t in zip((1, 3), lengths, strict=True)]
    return [*trials, np.zeros_like(trials[0])]


def from_checkpoint(checkpoint: Path, out: Path, version: str = "0") -> str:
    """What `segue export CHECKPOINT -o MODEL.onnx` does and says; raises ParityError and other ValueErrors."""
    from segue_models.training.train import load

    try:
        network, state = load(checkpoint)
    except (pickle.UnpicklingError, KeyError, TypeError, AttributeError, ValueError, RuntimeError, EOFError) as error:
        raise ValueError(f"{checkpoint} is no checkpoint of `segue train`: name a best.pt below runs/") from error
    worst = export(network, state, out, version=version)
    return f"{out}: {out.stat().st_size / 1e6:.2f} MB, differs from torch by at most {worst:.1g}"
