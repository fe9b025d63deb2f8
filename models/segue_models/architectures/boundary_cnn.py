"""Structure boundaries by the network of Ullrich, Schlüter and Grill 2014 (specs 4.3).

conv 8 x 6 (16, tanh) - maxpool 3 x 6 - conv 6 x 3 (32, tanh) - dense 128 (sigmoid) - output; kernels are time x bands.
"""

import torch
from torch import Tensor, nn

LAYOUT = "excerpt"
FIRST, SECOND = (8, 6), (6, 3)


class Network(nn.Module):
    """Excerpts (n, context_cells, bands) to logits (n, outputs): whether a boundary is in the middle."""

    def __init__(
        self,
        bands: int = 80,
        context_cells: int = 115,
        outputs: int = 1,
        filters: tuple[int, int] = (16, 32),
        pool: tuple[int, int] = (3, 6),
        stride: tuple[int, int] | None = None,
        hidden: int = 128,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        c1, c2 = filters
        self.convolutions = nn.Sequential(
            first_stage(c1, tuple(pool), stride), nn.Conv2d(c1, c2, SECOND), nn.Tanh(), nn.Flatten()
        )
        rows, columns = (
            pooled_size(n, k, p, s) - k2 + 1
            for n, k, p, s, k2 in zip((context_cells, bands), FIRST, pool, stride or pool, SECOND, strict=True)
        )
        self.dense = head(c2 * rows * columns, hidden, outputs, dropout)
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands) to log odds (n, outputs)."""
        logits: Tensor = self.dense(self.convolutions(excerpts.unsqueeze(1)))
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted mean of the cross-entropy; logits, targets, weights (n, outputs)."""
        return weighted_loss(logits, targets, weights)


class Joined(nn.Module):
    """Inputs side by side in the columns of an excerpt (n, context_cells, columns) to logits (n, outputs).

    Each input has its own first convolution and pooling; joined along the bands they share the rest (specs 4.4).
    inputs: name, columns and pooling of each. Raises ValueError where they are not pooled alike in time.
    """

    def __init__(
        self,
        inputs: dict[str, tuple[int, tuple[int, int]]],
        context_cells: int,
        outputs: int,
        filters: tuple[int, int],
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        widths, pools = zip(*inputs.values(), strict=True)
        over_time = pools[0][0]
        if any(pool[0] != over_time for pool in pools):
            raise ValueError("all inputs must be pooled alike in time, to be joined")
        c1, c2 = filters
        self.widths = dict(zip(inputs, widths, strict=True))
        for name, pool in zip(inputs, pools, strict=True):
            self.add_module(name, first_stage(c1, tuple(pool)))
        self.second = nn.Sequential(nn.Conv2d(c1, c2, SECOND), nn.Tanh(), nn.Flatten())
        rows = pooled_size(context_cells, FIRST[0], over_time, over_time) - SECOND[0] + 1
        joined = sum(pooled_size(n, FIRST[1], p[1], p[1]) for n, p in inputs.values())
        self.dense = head(c2 * rows * (joined - SECOND[1] + 1), hidden, outputs, dropout)
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, columns) to log odds (n, outputs)."""
        parts = torch.split(excerpts.unsqueeze(1), list(self.widths.values()), dim=-1)
        heard = [self.get_submodule(name)(part) for name, part in zip(self.widths, parts, strict=True)]
        logits: Tensor = self.dense(self.second(torch.cat(heard, dim=-1)))
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted mean of the cross-entropy; logits, targets, weights (n, outputs)."""
        return weighted_loss(logits, targets, weights)


def first_stage(filters: int, pool: tuple[int, ...], stride: tuple[int, int] | None = None) -> nn.Sequential:
    """First convolution and its pooling of one input."""
    # The tangent rises, so it may follow the maximum: the same value from an 18th of the work.
    return nn.Sequential(nn.Conv2d(1, filters, FIRST), nn.MaxPool2d(tuple(pool), stride), nn.Tanh())


def pooled_size(length: int, kernel: int, pool: int, stride: int) -> int:
    """What is left of `length` after a valid convolution and a pooling."""
    return (length - kernel + 1 - pool) // stride + 1


def head(flat: int, hidden: int, outputs: int, dropout: float) -> nn.Sequential:
    """The dense layers."""
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(flat, hidden), nn.Sigmoid(), nn.Dropout(dropout), nn.Linear(hidden, outputs)
    )


def initialise(network: nn.Module) -> None:
    """Glorot uniform weights, biases of zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy averaged with weights: a row beside a boundary counts less (specs 4.3, smearing)."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
