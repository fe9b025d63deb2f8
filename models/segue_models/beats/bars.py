"""Metre and downbeats among beats: where harmony, timbre, low end and bass change, and what a network says of them.

One metre for the whole song: a bar more or less by mistake moves every later bar number.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import steady
from segue_models.checkpoints import checkpoint
from segue_models.signal.frames import BEAT_FPS, FPS, BeatGrid, nearest_frame
from segue_models.signal.front_end import FrontEnd

Floats = NDArray[np.float64]

METRES = (4, 3)
LOW_BANDS = 20  # below 600 Hz
WALTZ_PENALTY, OFFBEAT_PENALTY = 0.25, 1.0  # bars are of four, and beats where the onsets are, unless much says no
NEAR_SECONDS = 0.05  # the network hears a beat within this of where it was tracked
LEAST_HALVES = 32  # half beats that bars are told by: of fewer that sound, some place in the bar may have none
LEAST = 0.02  # probability: what is less likely is as good as not heard


def find(
    front: FrontEnd, times: Floats, heard: NDArray[np.float32] | None = None, metres: Sequence[int] = METRES
) -> BeatGrid:
    """Bars over beats at `times` (seconds); heard: (frames, 3) none, beat and downbeat at 100 frames a second.

    Half beats are candidates too: where they win clearly, the tracker followed an off-beat, and the beats move there.
    """
    halves = np.sort(np.concatenate([times, (times[1:] + times[:-1]) / 2]))
    sounding = front.sounding[np.clip(nearest_frame(halves), 0, len(front.sounding) - 1)]
    if np.count_nonzero(sounding) < LEAST_HALVES:
        sounding = np.ones_like(sounding)
    chords = _standard(_change(front.chroma, halves, 4), sounding)
    timbre = _standard(_change(front.timbre, halves, 4), sounding)
    bass = _standard(steady.near(front.bass_strength.astype(np.float64), FPS, halves), sounding)
    beat, down = _odds(heard, halves)
    gains = {}
    for metre in metres:
        low = _standard(_change(front.gammatone[:, :LOW_BANDS], halves, 2 * metre), sounding)
        evidence = 2.0 * chords + timbre + 1.2 * low + 0.8 * bass  # rounded from a fit to 170 rendered songs
        checkpoint()
        for phase in range(2 * metre):
            penalty = WALTZ_PENALTY * (metre == 3) + OFFBEAT_PENALTY * (phase % 2)
            at = np.flatnonzero(sounding)
            at = at[at % 2 == phase % 2]
            opens = at % (2 * metre) == phase
            on = at[opens]
            said = down[on].mean() - down[at[~opens]].mean() + beat[at].mean()
            gains[metre, phase] = float(evidence[on].mean() + said) - penalty
    metre, phase = max(gains, key=lambda key: gains[key])
    beats = halves[phase % 2 :: 2]
    return BeatGrid(beats, (np.arange(len(beats)) - phase // 2) % metre + 1, metre)


def _odds(heard: NDArray[np.float32] | None, times: Floats) -> tuple[Floats, Floats]:
    """Log odds at each time of a beat against none, and of a downbeat against another beat; 0 without a network."""
    if heard is None:
        return np.zeros(len(times)), np.zeros(len(times))
    reach = round(NEAR_SECONDS * BEAT_FPS)
    at = np.rint(times * BEAT_FPS).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    near = heard[np.clip(at, 0, len(heard) - 1)].astype(np.float64)
    beat, down = near[..., 1].max(axis=1), near[..., 2].max(axis=1)
    none = np.maximum(1 - beat - down, 0.0)
    return np.log((beat + down + LEAST) / (none + LEAST)), np.log((down + LEAST) / (beat + LEAST))


def _change(features: NDArray[np.float32], times: Floats, count: int) -> Floats:
    """Distance of the mean features (frames, bins) between the `count` times before each time and those after it."""
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    edges = np.append(np.clip(nearest_frame(times), 0, len(features) - 1), len(features))
    here = np.arange(len(times))

    def mean(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
        return np.asarray((sums[edges[b]] - sums[edges[a]]) / np.maximum(edges[b] - edges[a], 1)[:, None])

    before = mean(np.maximum(here - count, 0), here)
    after = mean(here, np.minimum(here + count, len(times)))
    change = np.asarray(np.linalg.norm(after - before, axis=1))
    inside = change[count : len(change) - count]
    change[:count] = change[len(change) - count :] = np.median(inside) if len(inside) else 0.0
    return change


def _standard(x: Floats, sounding: NDArray[np.bool_]) -> Floats:
    """Zero mean, unit spread, and no single break of the music worth more than the others; silence does not count."""
    x = np.minimum(x, np.percentile(x[sounding], 97))
    return np.asarray((x - x[sounding].mean()) / max(float(x[sounding].std()), 1e-9))
