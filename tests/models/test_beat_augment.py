import numpy as np
import pytest

from segue_models.features import bock2016
from segue_models.training import beat_augment

RATE = 44_100


def clicks(gain=1.0):
    rng = np.random.default_rng(3)
    mono = np.zeros(4 * RATE, np.float32)
    for at in np.arange(0.5, 4, 0.5):
        i = int(at * RATE)
        mono[i : i + 2000] += rng.normal(0, 0.3, 2000).astype(np.float32) * np.linspace(1, 0, 2000, dtype=np.float32)
    return mono * np.float32(gain)


def test_a_level_of_12_db_is_what_the_features_of_louder_audio_are(monkeypatch):
    monkeypatch.setattr(beat_augment, "SPREAD_DB", 0.0)
    monkeypatch.setattr(beat_augment, "MUTED_SHARE", 0.0)
    monkeypatch.setattr(beat_augment, "NOISY_SHARE", 0.0)
    spectra = bock2016.extract(clicks())
    np.testing.assert_allclose(beat_augment.augment(spectra, np.random.default_rng(0)), spectra, atol=1e-5)

    class Louder(np.random.Generator):
        """All draws are 0 but the level's, the last of them."""

        draws = 0

        def normal(self, mean, spread):
            self.draws += 1
            return 12.0 if self.draws == beat_augment.CURVES + 1 else 0.0

    varied = beat_augment.augment(spectra, Louder(np.random.PCG64(0)))
    np.testing.assert_allclose(varied, bock2016.extract(clicks(10 ** (12 / 20))), atol=2e-3)


def test_beats_stay_where_they_are():
    spectra = bock2016.extract(clicks())
    rng = np.random.default_rng(1)
    rises = slice(314 - 91, 314)
    for _ in range(20):
        varied = beat_augment.augment(spectra, rng)
        assert varied.shape == spectra.shape and np.isfinite(varied).all() and varied.min() >= 0
        flux, before = varied[:, rises].mean(axis=1), spectra[:, rises].mean(axis=1)
        assert np.corrcoef(flux, before)[0, 1] > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_no_two_variations_are_the_same(seed):
    spectra = bock2016.extract(clicks())
    rng = np.random.default_rng(seed)
    assert np.abs(beat_augment.augment(spectra, rng) - beat_augment.augment(spectra, rng)).max() > 0.01
