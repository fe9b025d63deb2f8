"""Bars over given beats: what a network hears on each beat of its drums and of its harmony (Krebs et al. 2016)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import bar_hmm
from segue_models.features import beat_sync
from segue_models.serving.inference import Network

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LEAST = 1e-4  # probability: no beat is surer than this
# With the published 99 a bar less is worse than a bar too many, and whoever is unsure hears three beats everywhere.
OTHERS = 1.0
CHANGE = 1e-12  # probability that the next bar is of another length: what a song does it mostly does all along


def bars_on(mono: F32, times: Floats, network: Network) -> tuple[NDArray[np.int64], int]:
    """Position in the bar (beats,), 1 is the downbeat, of each beat in seconds, and the metre of most: 3 or 4.

    mono: (n,) at 44.1 kHz and reference loudness. Raises ValueError where `times` are not two or more ascending beats.
    """
    return count(log_odds(mono, times, network))


def log_odds(mono: F32, times: Floats, network: Network) -> Floats:
    """Log odds (beats - 1,) that each beat but the last opens a bar, of the mean of what drums and harmony say."""
    heard = beat_sync.of_beats(beat_sync.extract(mono), times)
    p = np.clip(network.activations(heard).mean(axis=1, dtype=np.float64), LEAST, 1 - LEAST)
    return np.asarray(np.log(p / (1 - p)))


def count(odds: Floats) -> tuple[NDArray[np.int64], int]:
    """Bars from log odds (beats - 1,); those of several networks are averaged first. Raises ValueError for none."""
    return bar_hmm.decode(1 / (1 + np.exp(-odds)), others=OTHERS, change=CHANGE)
