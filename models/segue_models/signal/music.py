"""What sounds of a recording: from its first sound to its last, in one channel, at reference loudness.

All that is measured over a whole song begins here, so that neither silence around it nor where its file begins matters.
Nor does it matter how the song was stored: its frames begin where its sound says, not where its first sample happens to
be. A lossy codec moves the first sound by milliseconds, and frames laid from there would hear another song.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal import loudness
from segue_models.signal.audio import Audio
from segue_models.signal.frames import HOP, RATE_HZ, ROW_FRAMES

F32 = NDArray[np.float32]

VERSION = "2"  # raise when other samples come out: what was made of them is then made anew
QUIET_DB = 45.0  # below the highest peak: what a recording begins or ends with that is no louder is no music
LOUD_SAMPLES = 441  # 10 ms
ROW = ROW_FRAMES * HOP  # samples in a row of what the sections' network hears
CHUNK = 11 * ROW  # samples looked at together


@dataclass(frozen=True)
class Music:
    """samples: (n,) mono at 44.1 kHz, none where nothing sounds; lead: seconds of silence that they begin with.

    start: seconds of the recording before them, negative where that silence begins before it.
    """

    samples: F32
    start: float
    lead: float

    @property
    def duration(self) -> float:
        """Seconds from the first sound to the last."""
        return len(self.samples) / RATE_HZ - self.lead


def trimmed(sound: Audio) -> Music:
    """The music of a recording or of a region, without silence at its ends."""
    samples = in_phase(sound.samples)
    first, last = span(samples)
    part = replace(sound, samples=samples[:, first:last], duration=(last - first) / RATE_HZ)
    mono = loudness.to_reference(part)
    early = before(mono)
    return Music(np.pad(mono, (early, 0)), (first - early) / RATE_HZ, early / RATE_HZ)


def span(samples: F32) -> tuple[int, int]:
    """First sample of (channels, n) that sounds, and the one after the last; 0 and 0 where none does.

    Exact to the sample, so that what lies before it changes nothing.
    """
    threshold = loudness.peak(samples) * 10 ** (-QUIET_DB / 20)
    if threshold == 0.0:
        return 0, 0
    chunks = range(0, samples.shape[1], CHUNK)
    first = next(at for start in chunks for at in _loud(samples, start, threshold))
    last = next(at for start in chunks[::-1] for at in _loud(samples, start, threshold)[::-1])
    return first, last + 1


def before(mono: F32) -> int:
    """Samples of silence to put before (n,) so that its hops, and rows of hops, begin where their level is highest.

    That is told by the whole song, hop upon hop: it stays within a fraction of a millisecond where samples before the
    first sound are gained or lost, or all are changed a little.
    """
    whole = len(mono) // ROW * ROW
    row = np.zeros(ROW)
    for start in range(0, whole, CHUNK):
        checkpoint()
        row += np.abs(mono[start : min(start + CHUNK, whole)]).reshape(-1, ROW).sum(axis=0)
    turns = np.angle(np.fft.rfft(row)[[ROW_FRAMES, 1]]) / (2 * np.pi)
    within_hop, within_row = turns % 1 * (HOP, ROW)
    hops = np.rint((within_row - within_hop) / HOP) % ROW_FRAMES
    return int(np.rint(within_hop + hops * HOP)) % ROW


def _loud(samples: F32, start: int, threshold: float) -> list[int]:
    """The first and the last sample of a chunk that reach the threshold where LOUD_SAMPLES do on average, if any do.

    A noise has peaks that reach it long before the noise does.
    """
    checkpoint()
    level = np.abs(samples[:, start : start + CHUNK + LOUD_SAMPLES]).max(axis=0).astype(np.float64)
    power = np.cumsum(np.pad(level**2, (1, max(0, LOUD_SAMPLES - len(level)))))
    loud = np.flatnonzero(power[LOUD_SAMPLES:] - power[:-LOUD_SAMPLES] >= LOUD_SAMPLES * threshold**2)
    if not len(loud):
        return []
    found = np.flatnonzero(level[: loud[-1] + LOUD_SAMPLES] >= threshold)
    return [start + int(found[found >= loud[0]][0]), start + int(found[-1])]


def in_phase(samples: F32) -> F32:
    """Channels (channels, n), those turned over that would cancel the louder ones when they are added up.

    A channel whose poles were swapped sounds the same by itself, and takes away from the sum what both have in common.
    The same samples where none is.
    """
    if len(samples) < 2:
        return samples
    together = _covariances(samples)
    loudest, *others = (int(i) for i in np.argsort(-np.diag(together), kind="stable"))
    signs = np.zeros(len(samples), np.float32)
    signs[loudest] = 1.0
    for i in others:
        signs[i] = 1.0 if float(together[i] @ signs) >= 0 else -1.0  # with the sum of those that were louder
    return samples if (signs > 0).all() else samples * signs[:, None]


def _covariances(samples: F32) -> NDArray[np.float64]:
    """Covariance (channels, channels) of samples (channels, n), times n."""
    products, sums = np.zeros((len(samples), len(samples))), np.zeros(len(samples))
    for start in range(0, samples.shape[1], CHUNK):
        checkpoint()
        part = samples[:, start : start + CHUNK]
        products += part @ part.T
        sums += part.sum(axis=1)
    return np.asarray(products - np.outer(sums, sums) / max(samples.shape[1], 1))
