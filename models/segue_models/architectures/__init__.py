"""Networks in torch: the file name is the architecture's name.

Every file has `LAYOUT` ("excerpt" or "song"), and `Network(nn.Module)` built from keyword sizes, whose `forward`
gives logits (..., outputs) and whose `loss(logits, targets, weights)` is what training minimises.
"""

from typing import TYPE_CHECKING, Any

from segue_models import registry

if TYPE_CHECKING:
    from torch import nn


def layout(name: str) -> str:
    """Layout of the architecture's input; raises ValueError for an unknown name."""
    return str(registry.load(__name__, name).LAYOUT)


def build(name: str, **sizes: Any) -> "nn.Module":
    """A new network with random weights; raises ValueError for an unknown name, and for sizes that it cannot have."""
    try:
        network: nn.Module = registry.load(__name__, name).Network(**sizes)
    except (TypeError, RuntimeError, ArithmeticError, IndexError) as fault:
        raise ValueError(f"no {name} can be built of the sizes {sizes}: {fault}") from fault
    return network
