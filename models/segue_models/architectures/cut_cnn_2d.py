"""Cut points by the 2D-CNN of Stoller, Akkermans and Dixon (experiment 2; specs 1.6).

conv(C1) - maxpool P1 - conv(C2) - maxpool (2, 2) - conv(C3) - dense 200 - softmax over {other, cut}, "same" padding.
"""

import torch
from torch import Tensor, nn

LAYOUT = "excerpt"


class Network(nn.Module):
    """Excerpts (n, context_cells, bands) to logits (n, 1): the log odds that the centre is a cut.

    The two softmax units of the paper are kept as parameters; their difference is the log odds.
    """

    def __init__(
        self,
        bands: int = 75,
        context_cells: int = 96,
        outputs: int = 1,
        filters: tuple[int, int, int] = (32, 64, 128),
        shape: tuple[int, int] = (3, 3),
        pool: tuple[int, int] = (2, 2),
        hidden: int = 200,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if outputs != 1:
            raise ValueError("the paper's network decides one role: train one for entries and one for exits")
        c1, c2, c3 = filters
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, c1, shape, padding="same"), nn.ReLU(), nn.MaxPool2d(pool),
            nn.Conv2d(c1, c2, shape, padding="same"), nn.ReLU(), nn.MaxPool2d((2, 2)),
            nn.Conv2d(c2, c3, shape, padding="same"), nn.ReLU(),
        )  # fmt: skip
        flat = c3 * (context_cells // pool[0] // 2) * (bands // pool[1] // 2)
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, 2),
        )  # fmt: skip
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)  # Glorot uniform (specs 1.7)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands) to log odds (n, 1)."""
        classes = self.dense(self.convolutions(excerpts.unsqueeze(1)))
        odds: Tensor = classes[:, 1:] - classes[:, :1]
        return odds

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Cross-entropy of the two classes; logits, targets, weights (n, 1)."""
        # For two classes the softmax cross-entropy is the logistic loss of the difference.
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
