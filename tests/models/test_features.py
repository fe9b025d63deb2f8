"""What every feature keeps to, whichever is added: a file of its name is all it takes."""

import numpy as np
import pytest

from segue_models import features, registry

COMPILING = ("cqt", "handcrafted", "harmonic_percussive")  # by librosa, for half a minute where it was not used before


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long) if name in COMPILING else name
        for name in registry.names("segue_models.features")
    ],
)
def test_a_feature_is_rows_of_finite_numbers_of_mono_samples(name: str, clicks) -> None:
    """As many rows more for each four seconds more, and what the model's card says of the feature bears its name."""
    feature = features.find(name)
    assert feature.PARAMETERS["name"] == name
    made = [feature.extract(clicks(np.arange(0.5, seconds, 0.5), seconds)) for seconds in (4.0, 8.0, 12.0)]
    assert all(rows.dtype == np.float32 and rows.ndim == 2 and np.isfinite(rows).all() for rows in made)
    assert len({rows.shape[1] for rows in made}) == 1
    more, again = np.diff([len(rows) for rows in made])
    assert more > 10 and abs(more - again) <= 1
