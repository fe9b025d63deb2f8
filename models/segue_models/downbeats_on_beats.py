"""Bars over given beats: what a network hears on each beat of its drums and of its harmony (Krebs et al. 2016)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.decoding import bar_hmm
from segue_models.features import beat_sync
from segue_models.inference import Network

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]


def bars_on(mono: F32, times: Floats, network: Network) -> tuple[NDArray[np.int64], int]:
    """Position in the bar (beats,), 1 is the downbeat, of each beat in seconds, and the metre of most: 3 or 4.

    mono: (n,) at 44.1 kHz and reference loudness. Raises ValueError where `times` are not two or more ascending beats.
    """
    return bar_hmm.decode(probability(mono, times, network))


def probability(mono: F32, times: Floats, network: Network) -> Floats:
    """Probability (beats - 1,) that each beat but the last opens a bar: the mean of what drums and harmony say."""
    heard = beat_sync.of_beats(beat_sync.extract(mono), times)
    return np.asarray(network.activations(heard).mean(axis=1), dtype=np.float64)
