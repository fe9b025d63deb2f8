"""A recording that the real analysis takes, made of ticks: short, so that it takes a second."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 44100


def click_song(path: Path, seconds: float = 12.0) -> Path:
    """A tick each half second, louder on every fourth."""
    sound = 1e-4 * np.random.default_rng(0).normal(size=round(seconds * RATE))
    tick = np.exp(-np.arange(2000) / 200) * np.sin(np.arange(2000) / 5)
    for number, at in enumerate(range(0, len(sound) - 2000, RATE // 2)):
        sound[at : at + 2000] += (0.8 if number % 4 == 0 else 0.3) * tick
    soundfile.write(path, sound, RATE)
    return path
