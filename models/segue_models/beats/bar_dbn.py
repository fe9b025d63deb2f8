"""Beats and bars at once from beat and downbeat activations (Böck, Krebs and Widmer 2016; specs 4.2)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import beat_states
from segue_models.beats.beat_confidence import beat_confidence

Floats = NDArray[np.float64]

TEMPOS = 60
FAINTEST = 0.05  # the song is taken to begin and end where something is at least this likely a beat


class Bars(NamedTuple):
    """times: (beats,) seconds; positions: (beats,) 1 is the downbeat; confidence: 0..1 that there is a beat at all."""

    times: Floats
    positions: NDArray[np.int64]
    beats_per_bar: int
    confidence: float


def decode(
    activation: NDArray[np.floating],
    fps: float = 100.0,
    metres: Sequence[int] = (3, 4),
    faintest: float = FAINTEST,
) -> Bars:
    """Bars from activations (frames, 2), the probabilities of a beat that opens no bar and of a downbeat.

    The metre of `metres` that explains the whole song best is kept. No beats and confidence 0 where no frame reaches
    `faintest`.
    """
    likely = np.flatnonzero((activation >= faintest).any(axis=1))
    if not len(likely):
        return Bars(np.empty(0), np.empty(0, dtype=np.int64), int(metres[-1]), 0.0)
    song = np.asarray(activation[likely[0] : likely[-1] + 1], dtype=np.float64)
    odds = log_odds(song)
    lengths = beat_states.intervals(fps, TEMPOS)
    paths = {m: beat_states.best_path(odds[:, [1] + [0] * (m - 1)], lengths) for m in metres}
    metre = max(paths, key=lambda m: paths[m].score)
    at, places = beat_states.peaks(paths[metre], song.sum(axis=1))
    times = (likely[0] + at) / fps
    return Bars(times, places + 1, metre, beat_confidence(activation.sum(axis=1), times, fps))


def log_odds(activation: Floats) -> Floats:
    """Log densities (frames, 2) of a beat and of a downbeat at each frame less that of neither."""
    a = np.clip(activation, beat_states.EPSILON, 1.0)
    neither = np.clip(1 - activation.sum(axis=1, keepdims=True), beat_states.EPSILON, 1.0)
    return np.asarray(np.log(a) - np.log(neither / (beat_states.BEAT_PART - 1)))
