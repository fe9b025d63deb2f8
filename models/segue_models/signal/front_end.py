"""Everything the rest of Segue hears of a song, from one pass over its STFT."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal import gammatone
from segue_models.signal.frames import FPS, RATE_HZ, WINDOW, frame_count
from segue_models.signal.stft import power_blocks

F32 = NDArray[np.float32]
TIMBRE = 13
COMPRESSION = 100.0
PAUSE_SECONDS = 2.0  # silence that lasts longer is a pause


@dataclass(frozen=True)
class FrontEnd:
    """Features on one time base, frame i centred on i * HOP samples.

    gammatone: (frames, 75) log; onset_strength: (frames,) rise of loudness over bands, 0 is none; bass_strength: the
    same below 200 Hz; chroma: (frames, 12) unit length or zero; timbre: (frames, 13) cepstrum; rms: (frames,).
    """

    gammatone: F32
    onset_strength: F32
    bass_strength: F32
    chroma: F32
    timbre: F32
    rms: F32

    @cached_property
    def sounding(self) -> NDArray[np.bool_]:
        """Frames (frames,) that are in no pause: what is measured over a whole song counts no others."""
        return gammatone.sounding(self.gammatone, round(PAUSE_SECONDS / 2 * FPS))

    @property
    def duration(self) -> float:
        """Seconds covered."""
        return (len(self.rms) - 1) / FPS


def front_end(mono: F32) -> FrontEnd:
    """All features of mono samples (n,) at 44.1 kHz; raises ValueError when there are none."""
    if mono.ndim != 1 or not len(mono):
        raise ValueError("the front end needs mono samples")
    frames = frame_count(len(mono))
    bands = np.empty((frames, gammatone.BANDS), np.float32)
    chroma = np.empty((frames, 12), np.float32)
    rms = np.empty(frames, np.float32)
    for first, power in power_blocks(mono):
        rows = slice(first, first + len(power))
        bands[rows] = gammatone.of_power(power)
        chroma[rows] = np.sqrt(power[:, _CHROMA_BINS] @ _chroma_map())
        rms[rows] = np.sqrt(power.sum(axis=1))
    chroma /= np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-6)
    checkpoint()
    onset, bass = _flux(bands)
    checkpoint()
    return FrontEnd(bands, onset, bass, chroma, (bands @ _cepstrum_map()).astype(np.float32), rms)


def _flux(bands: F32) -> tuple[F32, F32]:
    """Spectral flux of the bands, compressed as log(1 + 100 x) so that only what is heard counts."""
    heard = np.log1p(COMPRESSION * np.maximum(np.exp(bands) - gammatone.FLOOR, 0.0))
    rise = np.maximum(np.diff(heard, axis=0), 0.0)
    low = int(np.searchsorted(gammatone.centres_hz(), 200.0))
    zero = np.zeros(1, np.float32)
    return np.concatenate([zero, rise.mean(axis=1)]), np.concatenate([zero, rise[:, :low].mean(axis=1)])


# 100 Hz to 5 kHz: below it a semitone is narrower than a bin, above it lie mostly overtones.
_CHROMA_BINS = slice(round(100 * WINDOW / RATE_HZ), round(5000 * WINDOW / RATE_HZ))


@lru_cache(maxsize=1)
def _chroma_map() -> F32:
    """(bins, 12): every bin's power to its nearest pitch classes, at A4 = 440 Hz."""
    hz = np.arange(WINDOW // 2 + 1)[_CHROMA_BINS] * RATE_HZ / WINDOW
    pitch = 69 + 12 * np.log2(hz / 440.0)
    off = np.mod(pitch[:, None] - np.arange(12)[None, :] + 6, 12) - 6
    return np.asarray(np.exp(-0.5 * (off / 0.5) ** 2), dtype=np.float32)


@lru_cache(maxsize=1)
def _cepstrum_map() -> F32:
    """(bands, TIMBRE): orthonormal DCT-II without the mean."""
    k, n = np.arange(1, TIMBRE + 1)[None, :], np.arange(gammatone.BANDS)[:, None]
    return np.asarray(np.sqrt(2 / gammatone.BANDS) * np.cos(np.pi * k * (n + 0.5) / gammatone.BANDS), dtype=np.float32)
