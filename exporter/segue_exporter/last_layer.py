"""The last layer of a dense network of cuts: what it hears, and how a user's taste changes it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segue_exporter.export import Mean
from segue_models.cuts import scoring
from segue_models.serving.inference import standardised
from segue_models.serving.model_card import ModelCard
from segue_models.training.preference import Preference

Floats = NDArray[np.float64]


def check(card: ModelCard) -> None:
    """Raises ValueError where a network cannot learn from marks."""
    if card.layout != "song" or not {"entry", "exit"} <= set(card.outputs):
        raise ValueError(f"{card.architecture} cannot learn from marks: use a network that tells entries and exits")


def hidden(network: Mean, card: ModelCard, features: NDArray[np.float32]) -> Floats:
    """What the last layers of all members hear (cells, channels) of `features` (cells, bands), as if one layer."""
    x = standardised(scoring.inputs(features, card), card)
    heard: list[Tensor] = []
    hooks = [_last(m).register_forward_pre_hook(lambda layer, given: heard.append(given[0])) for m in network.networks]
    try:
        with torch.no_grad():
            network.eval()(torch.from_numpy(x)[None])
    finally:
        for hook in hooks:
            hook.remove()
    shares = network.shares(torch.from_numpy(x)[None])[:, 0].tolist()
    return np.concatenate([s * h[0].T.numpy() for s, h in zip(shares, heard, strict=True)], axis=1).astype(np.float64)


def change(network: Mean, card: ModelCard, taste: Preference) -> None:
    """Add a taste of what `hidden` says to the last layers."""
    layers = [_last(member) for member in network.networks]
    ends = np.cumsum([layer.in_channels for layer in layers])
    for role, weights in taste.weights.items():
        row = card.outputs.index(role)
        with torch.no_grad():
            for layer, part in zip(layers, np.split(weights, ends[:-1]), strict=True):
                assert layer.bias is not None
                layer.weight[row, :, 0] += torch.from_numpy(part.astype(np.float32))
                layer.bias[row] += taste.bias[role]


def _last(member: nn.Module) -> nn.Conv1d:
    """Raises ValueError where the last layer does not look at one cell alone."""
    layer = [m for m in member.modules() if next(m.parameters(recurse=False), None) is not None][-1]
    if not isinstance(layer, nn.Conv1d) or layer.kernel_size != (1,) or layer.bias is None:
        raise ValueError("a network can learn from marks where its last layer looks at one cell alone: this one's not")
    return layer
