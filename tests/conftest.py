"""Signals whose truth is known, files made of them, and the way to the data sets."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 44100


def missing(what: str) -> None:
    """Fail where tests must be complete (CI), skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must not skip its tests")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def data():
    """data(path) -> Path inside the folder of annotated music: $SEGUE_DATA, or shared/data beside the repository."""
    root = Path(os.environ.get("SEGUE_DATA") or Path(__file__).parents[2] / "shared" / "data")

    def find(path: str) -> Path:
        if not (root / path).exists():
            missing(f"the data set file {root / path}")
        return root / path

    return find


@pytest.fixture(scope="session")
def sine():
    """sine(hz, amplitude=0.5, seconds=5.0, rate=44100) -> (n,) float32."""

    def make(hz: float, amplitude: float = 0.5, seconds: float = 5.0, rate: int = RATE) -> np.ndarray:
        return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def clicks():
    """clicks(times, seconds, accents=None) -> (n,) float32: 20 ms ticks at `times`; accented ones have a bass drum."""

    def make(times, seconds: float, accents=None) -> np.ndarray:
        rng = np.random.default_rng(0)
        t = np.arange(round(0.02 * RATE)) / RATE
        tick = 0.3 * np.exp(-t / 0.004) * (np.sin(2 * np.pi * 1500 * t) + 0.5 * rng.normal(size=len(t)))
        t = np.arange(round(0.15 * RATE)) / RATE
        drum = 0.8 * np.exp(-t / 0.05) * np.sin(2 * np.pi * 60 * t)
        out = np.zeros(round(seconds * RATE) + RATE)
        for i, time in enumerate(times):
            at = round(time * RATE)
            out[at : at + len(tick)] += tick
            if accents is not None and accents[i]:
                out[at : at + len(drum)] += drum
        return (out[: round(seconds * RATE)] + 1e-4 * rng.normal(size=round(seconds * RATE))).astype(np.float32)

    return make


@pytest.fixture
def write(tmp_path):
    """write(name, samples (n,) or (n, channels), rate=44100, subtype=None) -> Path of a file; the ending says how."""

    def make(name: str, samples: np.ndarray, rate: int = RATE, subtype: str | None = None) -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate, subtype=subtype)
        return path

    return make
