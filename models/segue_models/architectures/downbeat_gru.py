"""Downbeats among given beats by two bidirectional GRU networks (Krebs et al. 2016; specs 4.2).

One hears the drums, one the harmony, and neither knows of the other: they learn side by side, and the probability of a
downbeat is the mean of theirs.
"""

import torch
from torch import Tensor, nn

LAYOUT = "song"


class Network(nn.Module):
    """Beats (batch, beats, percussive + harmonic) to logits (batch, beats, 2), of the drums and of the harmony."""

    mixed_precision = False

    def __init__(self, percussive: int = 180, harmonic: int = 24, units: int = 25, layers: int = 2) -> None:
        super().__init__()
        self.widths = [percussive, harmonic]
        self.recurrent = nn.ModuleList(
            nn.GRU(width, units, layers, batch_first=True, bidirectional=True) for width in self.widths
        )
        self.heads = nn.ModuleList(nn.Linear(2 * units, 1) for _ in self.widths)

    def forward(self, beats: Tensor) -> Tensor:
        """Beats (batch, beats, percussive + harmonic) to logits (batch, beats, 2)."""
        parts = zip(self.recurrent, self.heads, torch.split(beats, self.widths, dim=-1), strict=True)
        return torch.cat([head(recurrent(part)[0]) for recurrent, head, part in parts], dim=-1)

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted logistic loss of both against the same targets; targets and weights (batch, beats, 1 or 2)."""
        targets, weights = targets.expand_as(logits), weights.expand_as(logits)
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
