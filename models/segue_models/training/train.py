"""The one training loop: recipe in, checkpoint out; it shows progress, can be stopped at any time and goes on."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from segue_models import files
from segue_models import recipe as recipes
from segue_models.architectures import build
from segue_models.recipe import Recipe
from segue_models.training import tasks
from segue_models.training.batches import Batch
from segue_models.training.early_stopping import EarlyStopping

Log = Callable[[str], None]


def train(recipe: Recipe, training: Sequence[Any], validation: Sequence[Any], runs: Path, log: Log) -> Path:
    """Train a network on the examples of its task; returns the checkpoint of the best validation epoch.

    Writes `<runs>/<recipe.name>/last.pt` after every epoch, and starts from it when it is there and of the same
    recipe; `best.pt` holds what export and evaluation read; `log.jsonl` has one line an epoch. Raises ValueError where
    the training songs do not fill one batch, where the recipe begins with another that was not trained, or where the
    network diverges.
    """
    folder = runs / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = tasks.find(recipe.task)
    # Channels last is what bfloat16 convolutions want on a CPU: 1.2 to 2 times as fast.
    network: nn.Module = build(recipe.architecture, **recipe.network).to(device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,unused-ignore]  # missing in torch's stubs
    norm = _begin(recipe, network, runs) if recipe.training.start else task.normalisation(training)
    averaged = deepcopy(network)
    optimiser = _optimiser(recipe, network)
    stopping = EarlyStopping(recipe.training.patience)
    first = 0
    last = folder / "last.pt"
    if last.exists():
        state = torch.load(last, map_location=device, weights_only=False)
        if recipes.from_dict(state["recipe"]) == recipe:  # a run may be older than the newest keys of recipes
            network.load_state_dict(state["network"])
            averaged.load_state_dict(state["averaged"])
            optimiser.load_state_dict(state["optimiser"])
            stopping, first = EarlyStopping(**state["stopping"]), state["epoch"]
            log(f"goes on after epoch {first}")
    for epoch in range(first, recipe.training.epochs):
        if stopping.stop:
            break
        rng = np.random.default_rng((recipe.seed, epoch))
        for group in optimiser.param_groups:
            group["lr"] = _rate(recipe, epoch)
        fit = _epoch(network, averaged, optimiser, task.batches(recipe, training, norm, rng, True), recipe, device)
        checked = _validate(averaged, task.batches(recipe, validation, norm, np.random.default_rng(0), False), device)
        best = stopping.update(checked)
        state = {
            "recipe": recipe.as_dict(), "network": network.state_dict(), "averaged": averaged.state_dict(),
            "optimiser": optimiser.state_dict(), "stopping": vars(stopping), "epoch": epoch + 1,
        }  # fmt: skip
        _save(last, state)
        if best:
            _save(folder / "best.pt", _checkpoint(recipe, averaged, norm, training))
        line = {"epoch": epoch + 1, "train": round(fit, 5), "validation": round(checked, 5), "best": best}
        with (folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
        log(f"epoch {epoch + 1}/{recipe.training.epochs}: train {fit:.4f}, validation {checked:.4f}{' *' * best}")
    return folder / "best.pt"


def load(checkpoint: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Network in evaluation mode and what was saved with it (recipe, mean, std, data); raises OSError, KeyError."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = build(state["recipe"]["architecture"], **state["recipe"]["network"])
    network.load_state_dict(state["network"])
    return network.eval(), state


def _begin(recipe: Recipe, network: nn.Module, runs: Path) -> tuple[Any, Any]:
    """Give the network the weights that the recipe begins with; returns their normalisation."""
    path = runs / recipe.training.start / "best.pt"
    if not path.is_file():
        raise ValueError(f"{recipe.name} begins with {path}, which is not there: train {recipe.training.start} first")
    state = torch.load(path, map_location="cpu", weights_only=False)
    network.load_state_dict(state["network"])
    return state["mean"], state["std"]


def _checkpoint(recipe: Recipe, network: nn.Module, norm: tuple[Any, Any], training: Sequence[Any]) -> dict[str, Any]:
    data: dict[tuple[str, str], int] = {}
    for example in training:
        data[example.corpus, example.licence] = data.get((example.corpus, example.licence), 0) + 1
    return {
        "recipe": recipe.as_dict(), "network": network.state_dict(), "mean": norm[0], "std": norm[1],
        "data": [{"corpus": c, "licence": li, "songs": n} for (c, li), n in sorted(data.items())],
        "trainable": all(e.trainable for e in training),
    }  # fmt: skip


def _save(path: Path, state: dict[str, Any]) -> None:
    content = io.BytesIO()
    torch.save(state, content)
    files.write(path, content.getvalue())


def _optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    settings = recipe.training
    # The penalty is on weights, not biases (specs 1.7).
    groups = [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=0.9, nesterov=True)
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=settings.learning_rate)
    raise ValueError(f"the recipe asks for the optimiser {settings.optimiser!r}; there are sgd and adamw")


def _rate(recipe: Recipe, epoch: int) -> float:
    settings = recipe.training
    if settings.optimiser == "sgd":
        return settings.learning_rate  # constant, as in the paper
    warm = min(1.0, (epoch + 1) / 2)
    return float(settings.learning_rate * warm * 0.5 * (1 + np.cos(np.pi * epoch / settings.epochs)))


def _step(network: nn.Module, batch: Batch, device: torch.device, single: bool = False) -> torch.Tensor:
    x, y, w = (torch.from_numpy(part).to(device) for part in batch)
    # Convolutions learn as well from bfloat16, recurrent networks do not.
    mixed = getattr(network, "mixed_precision", True) and not single and _has_bfloat16(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed):
        logits = network(x)
    loss: torch.Tensor = network.loss(logits.float(), y, w)  # type: ignore[operator]
    return loss


def _has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16: a CPU that emulates it is 7 times as slow as in single precision."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _epoch(
    network: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[Batch],
    recipe: Recipe,
    device: torch.device,
) -> float:
    network.train()
    losses = []
    keep = recipe.training.average
    for number, batch in enumerate(batches, 1):
        losses.append(_update(network, batch, optimiser, device))
        with torch.no_grad():
            for a, p in zip(averaged.parameters(), network.parameters(), strict=True):
                a.lerp_(p, 1.0 - keep)
        if number == recipe.training.epoch_batches:
            break
    if not losses:
        raise ValueError("the training songs do not fill one batch: add songs to the recipe")
    return float(np.mean(losses))


def _update(network: nn.Module, batch: Batch, optimiser: torch.optim.Optimizer, device: torch.device) -> float:
    """Learn from one batch; returns its loss. Raises ValueError where the network has diverged."""
    # On some CPUs torch gives NaN for bfloat16 gradients of a few shapes of convolution: those in single precision.
    for single in (False, True):
        optimiser.zero_grad(set_to_none=True)
        loss = _step(network, batch, device, single)
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(nn.utils.clip_grad_norm_(network.parameters(), 5.0)):
            optimiser.step()
            return loss.item()
    raise ValueError("the network has diverged: choose a lower learning_rate")


@torch.no_grad()
def _validate(network: nn.Module, batches: Iterator[Batch], device: torch.device) -> float:
    network.eval()
    losses = [_step(network, batch, device).item() for batch in batches]
    return float(np.mean(losses)) if losses else float("nan")
