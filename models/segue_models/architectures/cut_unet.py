"""Cut points by the adapted U-Net of Stoller, Akkermans and Dixon (experiment 3; specs 1.6).

The paper says: a U-Net, zero-padded so that its last maps have the size of the input, then a dense layer and softmax.
The sizes are a reconstruction: depth 3, 16 channels at the top, a 1 x 1 convolution to two maps before the dense layer.
"""

import torch
from torch import Tensor, nn

from segue_models.architectures.cut_cnn_2d import cross_entropy, initialise, log_odds, one_role

LAYOUT = "excerpt"


class Network(nn.Module):
    """Excerpts (n, context_cells, bands) to logits (n, 1): the log odds that the centre is a cut.

    padding: "same" pads every convolution, "input" only the excerpt, enough for valid convolutions and cropped skips;
    head_maps: maps that the dense layer hears, or "all" for those of the last level. Raises ValueError for others.
    """

    def __init__(
        self,
        bands: int = 75,
        context_cells: int = 96,
        outputs: int = 1,
        base: int = 16,
        depth: int = 3,
        head_maps: int | str = 2,
        padding: str = "same",
        hidden: int = 200,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        one_role(outputs)
        if padding not in ("same", "input"):
            raise ValueError(f"a U-Net pads every convolution, 'same', or the 'input'; not {padding!r}")
        self.size = context_cells, bands
        pairs = [padded(n, depth, padding) for n in self.size]
        (top, bottom), (first, last) = (
            (before, p - before - n) for n, (p, before) in zip(self.size, pairs, strict=True)
        )
        self.pad = nn.ZeroPad2d((first, last, top, bottom))
        edge = 1 if padding == "same" else 0
        widths = [base * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(double(c, d, edge) for c, d in zip([1, *widths], widths, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
        self.join = nn.ModuleList(double(2 * w, w, edge) for w in reversed(widths[:-1]))
        maps = base if head_maps == "all" else int(head_maps)
        self.maps = nn.Identity() if head_maps == "all" else nn.Conv2d(base, maps, 1)
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Linear(maps * context_cells * bands, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, 2),
        )  # fmt: skip
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands) to log odds (n, 1)."""
        x = self.pad(excerpts.unsqueeze(1))
        skips: list[Tensor] = []
        for level, down in enumerate(self.down):
            x = down(self.pool(x) if level else x)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips[:-1]), strict=True):
            x = up(x)
            x = join(torch.cat([cropped(skip, x.shape[-2], x.shape[-1]), x], dim=1))
        return log_odds(self.dense(cropped(self.maps(x), *self.size)))

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Cross-entropy of the two classes; logits, targets, weights (n, 1)."""
        return cross_entropy(logits, targets, weights)


def padded(length: int, depth: int, padding: str) -> tuple[int, int]:
    """Smallest size a U-Net of that depth can take and give back at least `length` of, and the zeros before it."""
    step = 2**depth
    # Valid convolutions give back 4 more than a multiple of the step, and less than they take by a margin.
    more, margin = (0, 0) if padding == "same" else (4, 12 * step - 8)
    size = -(-(length - more) // step) * step + more + margin
    return size, (size - length) // 2


def double(inputs: int, outputs: int, edge: int) -> nn.Sequential:
    """Two convolutions 3 x 3, padded by `edge`."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=edge), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=edge), nn.ReLU()
    )


def cropped(maps: Tensor, rows: int, columns: int) -> Tensor:
    """The middle (n, maps, rows, columns) of larger maps."""
    top, first = (maps.shape[-2] - rows) // 2, (maps.shape[-1] - columns) // 2
    return maps[..., top : top + rows, first : first + columns]
