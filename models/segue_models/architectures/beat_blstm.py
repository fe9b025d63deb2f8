"""Beats or beats and downbeats from spectra by three bidirectional LSTM layers of 25 units (Böck and Schedl 2011).

One output is the beat; three, as in Böck, Krebs and Widmer 2016, are no beat, a beat and a downbeat, of which every
frame is one (specs 4.1, 4.2).
"""

import torch
from torch import Tensor, nn

LAYOUT = "song"


class Bidirectional(nn.Module):
    """One LSTM layer in both directions, (batch, frames, inputs) to (batch, frames, 2 * units).

    torch has two biases a gate, the papers have one: it is the weight of an input that is always 1.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs + 1, units, bias=False, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) to (batch, frames, 2 * units)."""
        out: Tensor = self.lstm(nn.functional.pad(x, (0, 1), value=1.0))[0]
        return out


class Network(nn.Module):
    """Frames (batch, frames, features) to logits (batch, frames, outputs)."""

    mixed_precision = False

    def __init__(self, features: int = 314, outputs: int = 3, units: int = 25, layers: int = 3) -> None:
        super().__init__()
        self.exclusive = outputs > 1
        widths = [features] + [2 * units] * (layers - 1)
        self.layers = nn.Sequential(*(Bidirectional(width, units) for width in widths))
        self.head = nn.Linear(2 * units, outputs)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (batch, frames, features) to logits (batch, frames, outputs)."""
        logits: Tensor = self.head(self.layers(frames))
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted cross-entropy, of the beat or of the classes; all (batch, frames, outputs)."""
        if self.exclusive:
            each = -targets * nn.functional.log_softmax(logits, dim=-1)
            return torch.sum(each * weights) / torch.clamp(torch.sum(targets * weights), min=1.0)
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
