"""Cut points by one dense network over the whole song: a small 2-D front and a temporal convolution stack.

Entry, exit and lead activity in one network. It hears 32 beats to either side, so whole phrases, and a song costs one
pass instead of one per onset. The dilated stack follows Davies and Böck 2019 (TCN beat tracking).
"""

import torch
from torch import Tensor, nn

LAYOUT = "song"


class Residual(nn.Module):
    """Dilated convolution over time with a residual path, (batch, channels, cells) in and out."""

    def __init__(self, channels: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.wide = nn.Conv1d(channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation)
        self.narrow = nn.Conv1d(channels, channels, 1)
        self.drop = nn.Dropout1d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape in and out."""
        out: Tensor = x + self.narrow(self.drop(nn.functional.elu(self.wide(x))))
        return out


class Network(nn.Module):
    """Songs (batch, cells, bands) to logits (batch, cells, outputs) for the cut at the start of each cell.

    fold: cells that the front makes one of, and `spread` many again: with 16 cells a beat the network hears how a voice
    moves, while the stack goes on in quarters of a beat and costs no more. foreground: whether the network hears what
    stands out, the second half of the features where they have one; it learns to do without, as it must where a voice
    comes again as it was: `unheard` is the share of songs in which it hears nothing of it.
    """

    def __init__(
        self,
        bands: int = 75,
        outputs: int = 3,
        filters: tuple[int, int] = (16, 32),
        channels: int = 64,
        kernel: int = 5,
        levels: int = 6,
        dropout: float = 0.2,
        fold: int = 1,
        foreground: bool = False,
        unheard: float = 0.0,
    ) -> None:
        super().__init__()
        c1, c2 = filters
        self.fold, self.bands, self.maps, self.unheard = fold, bands, 1 + foreground, unheard
        # The ELU comes after the pooling, which it commutes with: there it has a third to do.
        self.front = nn.Sequential(
            nn.Conv2d(self.maps, c1, (3 * fold, 3), (fold, 1), (fold, 1)), nn.MaxPool2d((1, 3)), nn.ELU(),
            nn.Conv2d(c1, c2, 3, padding=1), nn.MaxPool2d((1, 3)), nn.ELU(), nn.Dropout2d(dropout),
        )  # fmt: skip
        self.gather = nn.Conv1d(c2 * (bands // 9), channels, 3, padding=1)
        self.stack = nn.Sequential(*(Residual(channels, kernel, 2**i, dropout) for i in range(levels)))
        self.spread = nn.Conv1d(channels, channels * fold, 1) if fold > 1 else nn.Identity()
        self.head = nn.Conv1d(channels, outputs, 1)

    def forward(self, songs: Tensor) -> Tensor:
        """Songs (batch, cells, bands), or twice the bands with a foreground, to logits (batch, cells, outputs)."""
        whole = nn.functional.pad(songs, (0, 0, 0, self.fold - 1))  # the last cells fill no fold
        layers = torch.stack([whole[..., i * self.bands : (i + 1) * self.bands] for i in range(self.maps)], dim=1)
        if self.training and self.unheard:
            heard = torch.rand(len(layers), 1, 1, 1, device=layers.device) >= self.unheard
            layers = torch.cat([layers[:, :1], layers[:, 1:] * heard], dim=1)
        maps = self.front(layers)  # (batch, c2, cells / fold, bands / 9)
        rows = maps.permute(0, 1, 3, 2).flatten(1, 2)
        x = nn.functional.elu(self.stack(nn.functional.elu(self.gather(rows))))
        if self.fold > 1:
            fine = self.spread(x).unflatten(1, (self.fold, -1)).permute(0, 2, 3, 1).flatten(2)
            x = nn.functional.elu(fine[:, :, : songs.shape[1]])
        logits: Tensor = self.head(x).transpose(1, 2)
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted logistic loss; all (batch, cells, outputs)."""
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
