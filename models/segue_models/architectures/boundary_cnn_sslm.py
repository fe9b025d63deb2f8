"""Structure boundaries from mel and self-similarity lag rows, after Grill and Schlüter 2015 (specs 4.4).

Each input has its own first convolution and pooling; joined along the bands they share the rest of `boundary_cnn`.
"""

import torch
from torch import Tensor, nn

from segue_models.architectures.boundary_cnn import (
    FIRST,
    SECOND,
    first_stage,
    head,
    initialise,
    pooled_size,
    weighted_loss,
)

LAYOUT = "excerpt"


class Network(nn.Module):
    """Excerpts (n, context_cells, bands + lags) to logits (n, outputs): a section's boundary, a phrase's."""

    def __init__(
        self,
        bands: int = 80,
        lags: int = 100,
        context_cells: int = 115,
        outputs: int = 2,
        filters: tuple[int, int] = (16, 32),
        pool: tuple[int, int] = (3, 6),
        lag_pool: tuple[int, int] = (3, 6),
        hidden: int = 128,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if pool[0] != lag_pool[0]:
            raise ValueError("both inputs must be pooled alike in time, to be joined")
        c1, c2 = filters
        self.bands = bands
        self.mel, self.lag = first_stage(c1, tuple(pool)), first_stage(c1, tuple(lag_pool))
        self.second = nn.Sequential(nn.Conv2d(c1, c2, SECOND), nn.Tanh(), nn.Flatten())
        rows = pooled_size(context_cells, FIRST[0], pool[0], pool[0]) - SECOND[0] + 1
        joined = sum(pooled_size(n, FIRST[1], p[1], p[1]) for n, p in ((bands, pool), (lags, lag_pool)))
        self.dense = head(c2 * rows * (joined - SECOND[1] + 1), hidden, outputs, dropout)
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands + lags) to log odds (n, outputs)."""
        x = excerpts.unsqueeze(1)
        joined = torch.cat([self.mel(x[..., : self.bands]), self.lag(x[..., self.bands :])], dim=-1)
        logits: Tensor = self.dense(self.second(joined))
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted mean of the cross-entropy; logits, targets, weights (n, outputs)."""
        return weighted_loss(logits, targets, weights)
