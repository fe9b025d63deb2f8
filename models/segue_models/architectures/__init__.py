"""Networks in torch: the file name is the architecture's name.

Every file has `LAYOUT` ("excerpt" or "song"), and `Network(nn.Module)` built from keyword sizes, whose `forward`
gives logits (..., outputs) and whose `loss(logits, targets, weights)` is what training minimises.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def layout(name: str) -> str:
    """Layout of the architecture's input; raises ModuleNotFoundError for an unknown name."""
    return str(import_module(f"{__name__}.{name}").LAYOUT)


def build(name: str, **sizes: Any) -> "nn.Module":
    """A new network with random weights; raises ModuleNotFoundError for an unknown name."""
    network: nn.Module = import_module(f"{__name__}.{name}").Network(**sizes)
    return network
