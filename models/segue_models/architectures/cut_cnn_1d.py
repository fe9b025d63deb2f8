"""Cut points by the 1D-CNN of Stoller, Akkermans and Dixon (experiment 1; specs 1.6).

conv(C1) - maxpool P1 - conv(C2) - maxpool 2 - conv(C3) - dense 200 - softmax over {other, cut}. Filters span all bands,
and convolutions are "valid": their even lengths have no middle.
"""

from torch import Tensor, nn

from segue_models.architectures.cut_cnn_2d import cross_entropy, head, initialise, left, log_odds, one_role

LAYOUT = "excerpt"


class Network(nn.Module):
    """Excerpts (n, context_cells, bands) to logits (n, 1): the log odds that the centre is a cut.

    shape: length of the filters in rows, pool: P1. Raises ValueError where the filters are too long for the excerpt.
    """

    def __init__(
        self,
        bands: int = 75,
        context_cells: int = 173,
        outputs: int = 1,
        filters: tuple[int, int, int] = (32, 64, 128),
        shape: int = 4,
        pool: int = 2,
        hidden: int = 200,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        one_role(outputs)
        c1, c2, c3 = filters
        self.convolutions = nn.Sequential(
            nn.Conv1d(bands, c1, shape), nn.ReLU(), nn.MaxPool1d(pool),
            nn.Conv1d(c1, c2, shape), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(c2, c3, shape), nn.ReLU(),
        )  # fmt: skip
        self.dense = head(c3 * left(context_cells, shape - 1, pool), hidden, dropout)
        initialise(self)

    def forward(self, excerpts: Tensor) -> Tensor:
        """Excerpts (n, context_cells, bands) to log odds (n, 1)."""
        return log_odds(self.dense(self.convolutions(excerpts.transpose(1, 2))))

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Cross-entropy of the two classes; logits, targets, weights (n, 1)."""
        return cross_entropy(logits, targets, weights)
