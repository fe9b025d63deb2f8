"""A recorded phrase sung by another singer: stretched, transposed, with other formants, breath and vibrato.

WORLD (Morise et al. 2016) splits a voice into pitch, spectral envelope and aperiodicity, which change independently.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d

from segue_models import files
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.rendering.voice import ENVELOPE, FFT, HOP_S, pyworld, warped
from segue_models.signal.frames import RATE_HZ

Rng = np.random.Generator
_BEFORE_S, _AFTER_S = 0.12, 0.3  # kept around a phrase: its consonant, its tail
_VERSION = 1


@dataclass(frozen=True)
class Phrase:
    """A sung phrase as WORLD frames every 5 ms.

    begin: the first frame, start and end: where it is sung, all in seconds of the recording; f0: (frames,) Hz, 0 where
    unvoiced; envelope: (frames, 64) and aperiodicity: (frames, 5), coded.
    """

    begin: float
    start: float
    end: float
    f0: Floats
    envelope: Floats
    aperiodicity: Floats

    @property
    def until(self) -> float:
        """The last frame, in seconds of the recording."""
        return self.begin + (len(self.f0) - 1) * HOP_S


@dataclass(frozen=True)
class Singer:
    """How a voice differs from the recorded one.

    formant: factor of the formants' frequencies; movement: factor of the pitch's own movement within a note;
    vibrato: semitones added at `rate` Hz; breath: factor of the aperiodicity in dB (below 1: breathier).
    """

    formant: float = 1.0
    movement: float = 1.0
    vibrato: float = 0.0
    rate: float = 5.5
    breath: float = 1.0


def singer(rng: Rng) -> Singer:
    """A singer drawn by chance."""
    return Singer(
        formant=float(np.exp(rng.uniform(np.log(0.82), np.log(1.2)))),
        movement=float(rng.uniform(0.6, 1.3)),
        vibrato=float(rng.uniform(0.0, 0.25)),
        rate=float(rng.uniform(4.8, 6.8)),
        breath=float(rng.uniform(0.75, 1.1)),
    )


def analyse(stem: Samples, spans: Floats) -> list[Phrase]:
    """The phrases sung at `spans` (n, 2), seconds, of a vocal stem (samples,) at 44.1 kHz."""
    ends = np.concatenate([[0.0], spans[:-1, 1]])
    following = np.append(spans[1:, 0], len(stem) / RATE_HZ)
    found = []
    for (start, end), previous, then in zip(spans, ends, following, strict=True):
        begin = max(start - _BEFORE_S, previous)
        part = stem[round(begin * RATE_HZ) : round(min(end + _AFTER_S, then) * RATE_HZ)]
        x = np.ascontiguousarray(part, dtype=np.float64)
        f0, times = pyworld.harvest(x, RATE_HZ, f0_floor=70.0, f0_ceil=900.0, frame_period=HOP_S * 1000)
        envelope = pyworld.code_spectral_envelope(
            pyworld.cheaptrick(x, f0, times, RATE_HZ, fft_size=FFT), RATE_HZ, ENVELOPE
        )
        aperiodic = pyworld.code_aperiodicity(pyworld.d4c(x, f0, times, RATE_HZ, fft_size=FFT), RATE_HZ)
        found.append(Phrase(float(begin), float(start), float(end), f0, envelope, aperiodic))
    return found


def kept(name: Path, analysed: Callable[[], list[Phrase]]) -> list[Phrase]:
    """What `analysed` returns, called once and kept in a file whose path begins with `name`."""
    path = name.with_name(f"{name.name}.v{_VERSION}.npz")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = analysed()
        with files.replacing(path) as file:
            np.savez(
                file,
                spans=np.array([[p.begin, p.start, p.end] for p in found]),
                frames=np.array([len(p.f0) for p in found]),
                f0=np.concatenate([p.f0 for p in found]).astype(np.float32),
                envelope=np.concatenate([p.envelope for p in found]).astype(np.float32),
                aperiodicity=np.concatenate([p.aperiodicity for p in found]).astype(np.float32),
            )
    with np.load(path) as z:
        edges = np.cumsum(z["frames"])[:-1]
        f0, envelope, aperiodic = (
            np.split(z[key].astype(np.float64), edges) for key in ("f0", "envelope", "aperiodicity")
        )
        rows = z["spans"].tolist()
    return [Phrase(*row, *frames) for row, *frames in zip(rows, f0, envelope, aperiodic, strict=True)]


def resung(phrase: Phrase, places: Floats, semitones: float, by: Singer) -> Samples:
    """The phrase sung by another, `semitones` higher: `places` (frames,) says, in seconds of the recording, what
    sounds in every 5 ms of the result."""
    place = np.clip((places - phrase.begin) / HOP_S, 0, len(phrase.f0) - 1)
    low = np.floor(place).astype(int)
    high, share = np.minimum(low + 1, len(phrase.f0) - 1), (place - low)[:, None]
    coded = phrase.envelope[low] * (1 - share) + phrase.envelope[high] * share
    aperiodic = np.minimum(phrase.aperiodicity[low] * by.breath, 0.0)
    envelopes = warped(pyworld.decode_spectral_envelope(np.ascontiguousarray(coded), RATE_HZ, FFT), by.formant)
    noise = pyworld.decode_aperiodicity(np.ascontiguousarray(aperiodic), RATE_HZ, FFT)
    f0 = _pitch(phrase.f0, place, by) * 2 ** (semitones / 12)
    out = pyworld.synthesize(f0, np.ascontiguousarray(envelopes), noise, RATE_HZ, HOP_S * 1000).astype(np.float32)
    fade_in, fade_out = (min(round(s * RATE_HZ), len(out) // 2) for s in (0.02, 0.1))
    out[:fade_in] *= np.linspace(0, 1, fade_in, dtype=np.float32)
    out[len(out) - fade_out :] *= np.linspace(1, 0, fade_out, dtype=np.float32)
    return np.asarray(out, dtype=np.float32)


def _pitch(f0: Floats, place: Floats, by: Singer) -> Floats:
    """Pitch (frames,) in Hz at the places of a phrase, 0 where unvoiced; movement and vibrato as `by` sings."""
    voiced = f0 > 0
    if not voiced.any():
        return np.zeros(len(place))
    line = np.interp(np.arange(len(f0)), np.flatnonzero(voiced), np.log2(f0[voiced]))
    line = np.interp(place, np.arange(len(f0)), line)
    steady = uniform_filter1d(line, 40)  # 200 ms: longer than a vibrato's cycle
    t = np.arange(len(line)) * HOP_S
    line = steady + by.movement * (line - steady) + by.vibrato / 12 * np.sin(2 * np.pi * by.rate * t)
    return np.where(voiced[np.rint(place).astype(int)], 2**line, 0.0)
