import numpy as np
import pytest

from segue_models import libraries
from segue_models.features import harmonic_percussive as hp
from segue_models.features import lag_similarity, mel
from segue_models.signal.stft import power_blocks

pytestmark = pytest.mark.long  # librosa compiles for half a minute where it was not used before

RATE = 44100
HARMONIC, PERCUSSIVE = slice(mel.BANDS, 2 * mel.BANDS), slice(2 * mel.BANDS, 3 * mel.BANDS)


def clicks(seconds):
    mono = np.zeros(round(seconds * RATE), np.float32)
    mono[RATE // 4 :: RATE // 2] = 0.9
    return mono


def energy(x, columns):
    """Of the song's own rows, without the first and the last, where a sound begins and ends."""
    own = x[mel.PADDING_ROWS + 2 : -mel.PADDING_ROWS - 2, columns]
    return (np.exp(own) ** 2).sum()


def test_a_sine_is_harmonic_and_a_click_train_percussive(sine):
    tone = hp.extract(sine(880.0, seconds=6.0))
    assert energy(tone, HARMONIC) > 100 * energy(tone, PERCUSSIVE)
    hits = hp.extract(clicks(6.0))
    assert energy(hits, PERCUSSIVE) > 100 * energy(hits, HARMONIC)


def test_of_both_together_each_part_has_its_own(sine):
    both = hp.parts(0.3 * sine(880.0, seconds=6.0) + clicks(6.0))
    tone, hits = hp.parts(0.3 * sine(880.0, seconds=6.0)), hp.parts(clicks(6.0))
    band = tone[100, : mel.BANDS].argmax()
    assert both[30:-30, band].mean() == pytest.approx(tone[30:-30, band].mean(), abs=0.1)
    high = slice(mel.BANDS + 60, 2 * mel.BANDS)  # bands far above the tone
    assert both[30:-30, high].max(axis=0) == pytest.approx(hits[30:-30, high].max(axis=0), abs=0.2)


def test_the_other_columns_are_those_of_the_other_feature_and_outside_is_noise(sine):
    mono = sine(440.0, seconds=3.0)
    x, known = hp.extract(mono), lag_similarity.extract(mono)
    assert x.shape == (len(known), hp.COLUMNS) and hp.COLUMNS == 340 and x.dtype == np.float32
    assert np.array_equal(x[:, : mel.BANDS], known[:, : mel.BANDS])
    assert np.array_equal(x[:, 3 * mel.BANDS :], known[:, mel.BANDS :])
    assert np.array_equal(x[: mel.PADDING_ROWS], x[-mel.PADDING_ROWS :])
    # Hiss is both: neither part has all of it, both together about what the whole has.
    whole, *apart = (np.exp(x[: mel.PADDING_ROWS, i : i + mel.BANDS]).mean() for i in range(0, 240, mel.BANDS))
    assert all(0.1 * whole < part < whole for part in apart)


def test_blocks_give_what_the_whole_song_gives(monkeypatch):
    mono = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32) + clicks(4.0)
    power = np.concatenate([block for _, block in power_blocks(mono)])[:, : hp.BINS]
    assert not mel.weights()[hp.BINS :].any() and hp.BINS < 1025
    split = libraries.librosa().decompose.hpss(np.sqrt(power).T, kernel_size=hp.KERNEL, power=hp.MASK_POWER)
    monkeypatch.setattr(hp, "BLOCK_FRAMES", 50)
    bands = [np.log(mel.FLOOR + np.sqrt(part.T**2 @ mel.weights()[: hp.BINS])) for part in split]
    assert hp.parts(mono) == pytest.approx(np.concatenate(bands, axis=1), abs=1e-3)


def test_silence_is_finite():
    x = hp.extract(np.zeros(2 * RATE, np.float32))
    assert np.isfinite(x).all() and x[60, : 3 * mel.BANDS] == pytest.approx(np.full(240, np.log(mel.FLOOR)))
