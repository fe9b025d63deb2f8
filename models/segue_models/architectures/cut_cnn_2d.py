"""Cut points by the 2D-CNN of Stoller, Akkermans and Dixon (experiment 2; specs 1.6).

conv(C1) - maxpool P1 - conv(C2) - maxpool (2, 2) - conv(C3) - dense 200 - softmax over {other, cut}; kernels are
time x bands.
"""

import torch
from torch import Tensor, nn

LAYOUT = "excerpt"


class Network(nn.Module):
    """Excerpts (n, context_cells, bands) to logits (n, 1): the log odds that the centre is a cut.

    The two softmax units of the paper are kept as parameters; their difference is the log odds. Raises ValueError
    where `padding` "valid" leaves nothing of the excerpt.
    """

    def __init__(
        self,
        bands: int = 75,
        context_cells: int = 96,
        outputs: int = 1,
        filters: tuple[int, int, int] = (32, 64, 128),
        shape: tuple[int, int] = (3, 3),
        pool: tuple[int, int] = (2, 2),
        padding: str = "same",
        hidden: int = 200,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        one_role(outputs)
        c1, c2, c3 = filters
        shape, pool = (shape[0], shape[1]), (pool[0], pool[1])  # a recipe's are lists
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, c1, shape, padding=padding), nn.ReLU(), nn.MaxPool2d(pool),
            nn.Conv2d(c1, c2, shape, padding=padding), nn.ReLU(), nn.MaxPool2d((2, 2)),
            nn.Conv2d(c2, c3, shape, padding=padding), nn.ReLU(),
        )  # fmt: skip
        lost = [k - 1 if padding == "valid" else 0 for k in shape]
        rows, columns = (left(n, *of) for n, *of in zip((context_cells, bands), lost, pool, strict=True))
        self.dense = head(c3 * rows * columns, hidden, dropout)
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands) to log odds (n, 1)."""
        return log_odds(self.dense(self.convolutions(excerpts.unsqueeze(1))))

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Cross-entropy of the two classes; logits, targets, weights (n, 1)."""
        return cross_entropy(logits, targets, weights)


def one_role(outputs: int) -> None:
    """Raises ValueError for more than one output."""
    if outputs != 1:
        raise ValueError("the paper's network decides one role: train one for entries and one for exits")


def left(length: int, lost: int, pool: int) -> int:
    """What the convolutions, each `lost` shorter than its input, and their poolings leave of `length`."""
    n = ((length - lost) // pool - lost) // 2 - lost
    if n < 1:
        raise ValueError(f"the filters are too long for {length} rows or bands: choose shorter ones or more context")
    return n


def head(flat: int, hidden: int, dropout: float) -> nn.Sequential:
    """The dense layers."""
    return nn.Sequential(
        nn.Flatten(), nn.Dropout(dropout), nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(hidden, 2),
    )  # fmt: skip


def initialise(network: nn.Module) -> None:
    """Glorot uniform weights, biases of zero (specs 1.7)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def log_odds(classes: Tensor) -> Tensor:
    """Log odds (n, 1) of the two softmax units (n, 2)."""
    return classes[:, 1:] - classes[:, :1]


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the two classes; logits, targets, weights (n, 1)."""
    # For two classes the softmax cross-entropy is the logistic loss of the difference.
    each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return torch.sum(each * weights) / torch.clamp(weights.sum(), min=1.0)
