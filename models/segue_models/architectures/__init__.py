"""Networks in torch: the file name is the architecture's name.

Every file has `LAYOUT` ("excerpt" or "song"), and `Network(nn.Module)` built from keyword sizes, whose `forward`
gives logits (..., outputs) and whose `loss(logits, targets, weights)` is what training minimises.
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def layout(name: str) -> str:
    """Layout of the architecture's input; raises ValueError for an unknown name."""
    return str(_find(name).LAYOUT)


def build(name: str, **sizes: Any) -> "nn.Module":
    """A new network with random weights; raises ValueError for an unknown name, and for sizes that it cannot have."""
    try:
        network: nn.Module = _find(name).Network(**sizes)
    except (TypeError, RuntimeError, ArithmeticError, IndexError) as fault:
        raise ValueError(f"no {name} can be built of the sizes {sizes}: {fault}") from fault
    return network


def _find(name: str) -> ModuleType:
    if not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        raise ValueError(f"there is no architecture {name!r}: they are the files in segue_models/architectures")
    return import_module(f"{__name__}.{name}")
