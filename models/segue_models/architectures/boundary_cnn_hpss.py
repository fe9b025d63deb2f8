"""Structure boundaries from mel, its harmonic and percussive part, and lags, after Grill 2015 (ISMIR; specs 4.4)."""

from segue_models.architectures.boundary_cnn import Joined

LAYOUT = "excerpt"


class Network(Joined):
    """Excerpts (n, context_cells, 3 * bands + lags) to logits (n, outputs): a section's boundary, a phrase's."""

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
        spectra = dict.fromkeys(("mel", "harmonic", "percussive"), (bands, pool))
        super().__init__({**spectra, "lag": (lags, lag_pool)}, context_cells, outputs, filters, hidden, dropout)
