"""Other mixes of the same music, made on the spectra the beat networks hear: level, equaliser, noise, a muted range."""

import numpy as np
from numpy.typing import NDArray

from segue_models.features._beat_spectra import BANDS_PER_OCTAVE, WINDOWS, log_weights, rise, rise_lag

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

POINTS = 64  # of the range of hearing, evenly over the bands
CURVES = 4  # cosines over the range of hearing that an equaliser is made of
SPREAD_DB = 9.0  # standard deviation of the slowest of them, and of the level
MUTED_SHARE, MUTED_PART = 0.3, 0.4  # how often a range of the bands is all but gone, and at most how much of them
NOISY_SHARE = 0.3
FAINTEST_NOISE, LOUDEST_NOISE = 0.01, 0.6  # in the magnitude of a band


def augment(spectra: F32, rng: np.random.Generator) -> F32:
    """One random variation of (frames, 314) features of Böck, Krebs and Widmer 2016; the beats stay where they are."""
    curve, noise = other_mix(rng)
    out, column = np.empty_like(spectra), 0
    for window, per_octave in zip(WINDOWS, BANDS_PER_OCTAVE, strict=True):
        width = log_weights(window, per_octave).shape[1]
        bands = mixed(spectra[:, column : column + width], curve, noise, rng)
        out[:, column : column + width] = bands
        out[:, column + width : column + 2 * width] = rise(bands, rise_lag(window))
        column += 2 * width
    return out


def other_mix(rng: np.random.Generator) -> tuple[Floats, float]:
    """A random mix: gain in dB (POINTS,) over the range of hearing, and the magnitude of noise in every band."""
    curve = sum(
        rng.normal(0, SPREAD_DB / n) * np.cos(np.pi * n * np.linspace(0, 1, POINTS) + rng.uniform(0, np.pi))
        for n in range(1, CURVES + 1)
    ) + rng.normal(0, SPREAD_DB / 2)
    if rng.random() < MUTED_SHARE:
        first, width = rng.uniform(0, 1), rng.uniform(0, MUTED_PART)
        curve = np.where(np.abs(np.linspace(0, 1, POINTS) - first) < width / 2, -60.0, curve)
    noise = float(np.exp(rng.uniform(np.log(FAINTEST_NOISE), np.log(LOUDEST_NOISE)))) * (rng.random() < NOISY_SHARE)
    return np.asarray(curve), noise


def mixed(log_bands: F32, curve: Floats, noise: float, rng: np.random.Generator) -> F32:
    """Log bands (frames, bands) as that mix has them."""
    at, points = np.linspace(0, 1, log_bands.shape[1]), np.linspace(0, 1, POINTS)
    gain = np.interp(at, points, 10 ** (curve / 20)).astype(np.float32)
    bands = np.expm1(log_bands * np.float32(np.log(10))) * gain
    if noise:
        bands += np.float32(noise) * np.abs(rng.standard_normal(bands.shape, dtype=np.float32))
    return np.asarray(np.log10(np.maximum(bands, 0.0) + 1))
