"""What is heard at tatums and between them, in units that songs have in common: what `metre.py` tells beats by."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue_models.beats.tatum import near
from segue_models.signal.frames import BEAT_FPS, FPS, nearest_frame
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LONGEST_BAR = 56  # tatums
LOW_BANDS = 20  # below 600 Hz
NEAR_SECONDS = 0.05  # the network hears a beat within this of where it was tracked
LEAST = 0.02  # probability: what is less likely is as good as not heard
LEAST_SOUNDING = 32  # tatums: of fewer that sound, some place in the bar may have none


class Heard(NamedTuple):
    """What is heard at tatums and halfway between them, (2 * tatums,) each.

    sounding: 1 or 0; beat, down: log odds of a beat, and of a downbeat among beats; onsets, bass: in units of their
    means; alike: (lags, tatums - 1) how alike the music is so many tatums later.
    """

    sounding: Floats
    beat: Floats
    down: Floats
    onsets: Floats
    bass: Floats
    alike: Floats


def hear(front: FrontEnd, tatums: Floats, heard: F32 | None) -> Heard:
    """What is heard at tatums (seconds) and between them; heard: (frames, 3) by the network, None without one."""
    count = len(tatums)
    fine = np.append(np.interp(np.arange(2 * count - 1) / 2, np.arange(count), tatums), tatums[-1] * 2 - tatums[-2])
    fine = np.minimum(fine, front.duration)
    sounding = front.sounding[np.clip(nearest_frame(fine), 0, len(front.sounding) - 1)].astype(float)
    if sounding.sum() < 2 * LEAST_SOUNDING:
        sounding[:] = 1.0
    beat, down = _odds(heard, fine)
    onsets, bass = (
        _level(near(x.astype(np.float64), FPS, fine), sounding) for x in (front.onset_strength, front.bass_strength)
    )
    return Heard(sounding, beat, down, onsets, bass, _alike(front, tatums))


def change(features: F32, times: Floats, count: int) -> Floats:
    """Distance of the mean features (frames, bins) between the `count` times before each time and those after it."""
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    edges = np.append(np.clip(nearest_frame(times), 0, len(features) - 1), len(features))
    here = np.arange(len(times))

    def mean(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
        return np.asarray((sums[edges[b]] - sums[edges[a]]) / np.maximum(edges[b] - edges[a], 1)[:, None])

    before = mean(np.maximum(here - count, 0), here)
    after = mean(here, np.minimum(here + count, len(times)))
    out = np.asarray(np.linalg.norm(after - before, axis=1))
    inside = out[count : len(out) - count]
    out[:count] = out[len(out) - count :] = np.median(inside) if len(inside) else 0.0
    return out


def standard(x: Floats, weight: Floats) -> Floats:
    """Zero mean, unit spread, and no single break of the music worth more than the others; silence does not count."""
    heard = weight > 0
    x = np.minimum(x, np.percentile(x[heard], 97))
    return np.asarray((x - x[heard].mean()) / max(float(x[heard].std()), 1e-9))


def _odds(heard: F32 | None, times: Floats) -> tuple[Floats, Floats]:
    """Log odds at each time of a beat against none, and of a downbeat against another beat; 0 without a network."""
    if heard is None:
        return np.zeros(len(times)), np.zeros(len(times))
    reach = round(NEAR_SECONDS * BEAT_FPS)
    at = np.rint(times * BEAT_FPS).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    close = heard[np.clip(at, 0, len(heard) - 1)].astype(np.float64)
    beat, down = close[..., 1].max(axis=1), close[..., 2].max(axis=1)
    none = np.maximum(1 - beat - down, 0.0)
    return np.log((beat + down + LEAST) / (none + LEAST)), np.log((down + LEAST) / (beat + LEAST))


def _level(x: Floats, weight: Floats) -> Floats:
    """In units of its mean where something sounds, and no single one worth more than the others."""
    x = np.minimum(x, np.percentile(x[weight > 0], 97))
    return np.asarray(x / max(float(np.average(x, weights=weight)), 1e-9))


def _alike(front: FrontEnd, tatums: Floats) -> Floats:
    """How alike the music is so many tatums later, (2 * LONGEST_BAR + 1, tatums - 1); not a number where unknown.

    Standardised, so that the means of all lags have mean 0 and unit spread.
    """
    edges = np.clip(nearest_frame(tatums), 0, len(front.chroma) - 1)
    fine = np.interp(np.arange(2 * len(tatums) - 2) / 2, np.arange(len(tatums)), tatums)
    onsets = np.interp(fine, np.arange(len(front.onset_strength)) / FPS, front.onset_strength).reshape(-1, 2)
    low, high = front.gammatone[:, :LOW_BANDS], front.gammatone[:, LOW_BANDS:]
    out = np.full((2 * LONGEST_BAR + 1, len(tatums) - 1), np.nan)
    total = np.zeros_like(out)
    for heard in (*(_between(x, edges) for x in (front.chroma, low, high)), onsets):
        x = (heard - heard.mean(axis=0)) / np.maximum(heard.std(axis=0), 1e-9)
        x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
        lags = np.arange(1, min(len(out), len(x) - 8))
        if not len(lags):
            return out
        here = [(x[lag:] * x[:-lag]).sum(axis=1) for lag in lags]
        means = np.array([values.mean() for values in here])
        for lag, values in zip(lags, here, strict=True):
            total[lag, : len(values)] += (values - means.mean()) / max(float(means.std()), 1e-9) / 4
            out[lag, : len(values)] = total[lag, : len(values)]
    return out


def _between(x: F32, edges: NDArray[np.int64]) -> Floats:
    """Mean features (frames, bins) from each edge to the next."""
    sums = np.vstack([np.zeros(x.shape[1]), np.cumsum(x, axis=0, dtype=np.float64)])
    begin, end = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    return np.asarray((sums[end] - sums[begin]) / (end - begin)[:, None])
