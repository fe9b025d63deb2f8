"""Structure boundaries from mel and self-similarity lag rows, after Grill and Schlüter 2015 (specs 4.4)."""

from segue_models.architectures.boundary_cnn import Joined

LAYOUT = "excerpt"


class Network(Joined):
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
        inputs = {"mel": (bands, pool), "lag": (lags, lag_pool)}
        super().__init__(inputs, context_cells, outputs, filters, hidden, dropout)
