"""A singing lead: syllables cut from real vocal recordings, resynthesised at a melody's pitches by WORLD.

WORLD (Morise et al. 2016) splits a voice into pitch, spectral envelope and aperiodicity; the envelopes of a syllable,
stretched to the length of a note, under the pitch of that note sound like the same singer singing it.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from segue_models import files
from segue_models.rendering.lead import octave
from segue_models.rendering.mix import Samples, envelope
from segue_models.rendering.notes import END, PITCH, START, VELOCITY, Floats
from segue_models.signal.frames import RATE_HZ

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyworld warns about its own use of pkg_resources
    import pyworld as pyworld  # revoice takes it from here

Rng = np.random.Generator
HOP_S = 0.005
FFT = 2048
ENVELOPE = 64  # coefficients of the coded envelope
_CONSONANT = 24  # frames, 120 ms: as much as is kept before a voiced start
_SECONDS = 120.0  # of active singing analysed a recording
_VERSION = 1


@dataclass(frozen=True)
class Voice:
    """A singer: WORLD frames every 5 ms and the syllables found in them.

    f0: (frames,) Hz, 0 where unvoiced; envelope: (frames, 64) and aperiodicity: (frames, 5), coded; syllables: (n, 3)
    frames where consonant, vowel and end are; pitches: (n,) MIDI.
    """

    f0: Floats
    envelope: Floats
    aperiodicity: Floats
    syllables: NDArray[np.int64]
    pitches: Floats


def active(audio: Samples, below_db: float = 35.0) -> Samples:
    """The audio without what is `below_db` under its loud moments, at most 120 s of it."""
    env = uniform_filter1d(envelope(audio), 30)
    keep = np.repeat(env > np.percentile(env, 99) * 10 ** (-below_db / 20), RATE_HZ // 100)
    return np.asarray(audio[: len(keep)][keep][: int(_SECONDS * RATE_HZ)])


def analyse(audio: Samples) -> Voice:
    """The voice heard in a recording (samples,) at 44.1 kHz. Raises ValueError if it holds fewer than 20 syllables."""
    x = np.ascontiguousarray(active(audio), dtype=np.float64)
    f0, times = pyworld.harvest(x, RATE_HZ, f0_floor=70.0, f0_ceil=900.0, frame_period=HOP_S * 1000)
    envelopes = pyworld.cheaptrick(x, f0, times, RATE_HZ, fft_size=FFT)
    aperiodic = pyworld.d4c(x, f0, times, RATE_HZ, fft_size=FFT)
    power_db = 10 * np.log10(envelopes.mean(axis=1) + 1e-12)
    syllables = _syllables(f0, power_db, aperiodic)
    if len(syllables) < 20:
        raise ValueError("too little singing in this recording to sing with: at least 20 syllables are needed")
    pitches = np.array([69 + 12 * np.log2(np.median(f0[v:e]) / 440) for _, v, e in syllables])
    coded = pyworld.code_spectral_envelope(envelopes, RATE_HZ, ENVELOPE)
    return Voice(f0, coded, pyworld.code_aperiodicity(aperiodic, RATE_HZ), syllables, pitches)


def _syllables(f0: Floats, power_db: Floats, aperiodic: Floats) -> NDArray[np.int64]:
    """Voiced stretches of steady pitch, cut where the power dips, with the consonant before each; the cleanest 80 %."""
    semitones = 12 * np.log2(np.maximum(f0, 1e-3))
    jumps = (np.abs(np.diff(semitones)) > 1.5) & (f0[1:] > 0) & (f0[:-1] > 0)
    broken = (f0 <= 0) | np.append(False, jumps)
    dips, _ = find_peaks(-uniform_filter1d(power_db, 9), prominence=2.0, distance=20)
    broken[dips] = True
    edges = np.flatnonzero(np.concatenate([[True], broken, [True]])) - 1
    loud, found, last_end = np.percentile(power_db, 95), [], 0
    quiet = loud - 45
    for a, b in zip(edges[:-1] + 1, edges[1:], strict=True):
        if b - a < 20 or power_db[a:b].max() < loud - 25:
            continue
        consonant = a
        while consonant > max(last_end, a - _CONSONANT) and f0[consonant - 1] <= 0 < power_db[consonant - 1] - quiet:
            consonant -= 1
        noise = float(np.mean(aperiodic[a:b, : FFT // 10]))
        found.append((noise, consonant, a, b))
        last_end = b
    limit = np.percentile([n for n, *_ in found], 80) if found else 0.0
    return np.array([row for n, *row in found if n <= limit], dtype=np.int64).reshape(-1, 3)


def singer(recording: Path, cache: Path) -> Voice:
    """The voice of a vocal recording (any file soundfile reads, 44.1 kHz), analysed once and kept in `cache`."""
    kept = cache / f"{recording.stem}.v{_VERSION}.npz"
    if not kept.exists():
        audio, _ = sf.read(recording, dtype="float32", always_2d=True)
        voice = analyse(audio.mean(axis=1))
        cache.mkdir(parents=True, exist_ok=True)
        with files.replacing(kept) as file:
            np.savez(file, **{k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in vars(voice).items()})
    with np.load(kept) as z:
        return Voice(**{key: z[key].astype(np.float64) if z[key].dtype == np.float32 else z[key] for key in z.files})


def sing(voice: Voice, table: Floats, seconds: float, rng: Rng) -> tuple[Samples, Floats]:
    """The melody (notes, 4) sung: dry audio (samples,) of `seconds`, and the notes as sung (octave, order of breath).

    Consonants come before the beat, vowels on it; every phrase runs through consecutive syllables of the recording.
    """
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    sung = table.copy()
    sung[:, PITCH] += octave(table[:, PITCH], float(np.median(voice.pitches)))
    sung[:-1, END] = np.minimum(sung[:-1, END], sung[1:, START])  # one singer, one note at a time
    sung = sung[sung[:, END] - sung[:, START] > 0.04]
    style = _Style(rng)
    breaks = np.flatnonzero(sung[1:, START] - sung[:-1, END] > 0.12) + 1
    at = int(rng.integers(len(voice.syllables)))
    for phrase in np.split(sung, breaks) if len(sung) else ():
        at = _phrase(voice, phrase, at, style, rng, out)
    return out, sung


class _Style:
    """How this singer sings this song: drawn once."""

    def __init__(self, rng: Rng) -> None:
        self.formant = float(rng.uniform(0.9, 1.13))
        self.vibrato = float(rng.uniform(0.05, 0.45)) * (rng.random() < 0.8)  # semitones
        self.rate = float(rng.uniform(4.8, 6.8))
        self.glide = round(float(rng.uniform(5, 16)))  # frames
        self.scoop = float(rng.uniform(0.2, 1.8))
        self.natural = float(rng.uniform(0.2, 0.9))  # share of the recording's own pitch movement


def _next_syllable(voice: Voice, after: int, pitch: float, frames: int) -> int:
    """The next syllable of the recording whose pitch and length suit, else the one nearest in pitch."""
    count = len(voice.syllables)
    for k in range(1, 61):
        i = (after + k) % count
        length = voice.syllables[i, 2] - voice.syllables[i, 1]
        if abs(voice.pitches[i] - pitch) < 6 and length > frames / 5:
            return i
    return int(np.argmin(np.abs(voice.pitches - pitch)))


def _stretch(length: int, frames: int) -> Floats:
    """Places (frames,) in a vowel of `length` frames: its first 60 and last 40 ms unstretched."""
    head, tail = 12, 8
    if frames <= head + tail + 4 or length <= head + tail + 4:
        return np.linspace(0, length - 1, frames)
    middle = np.linspace(head, length - tail - 1, frames - head - tail, endpoint=False)
    return np.concatenate([np.arange(head), middle, np.arange(length - tail, length)]).astype(np.float64)


def _phrase(voice: Voice, phrase: Floats, at: int, style: _Style, rng: Rng, out: Samples) -> int:
    """Adds one phrase to `out` and returns the last syllable used."""
    origin = phrase[0, START] - 0.15
    total = int(np.ceil((phrase[-1, END] - origin) / HOP_S)) + 2
    place, gain = np.zeros(total), np.full(total, 0.0)
    pitch, voiced = np.full(total, np.nan), np.zeros(total, dtype=bool)
    ends, before = np.append(phrase[1:, START], phrase[-1, END]), 0
    for i, row in enumerate(phrase):
        first, last = round((row[START] - origin) / HOP_S), round((min(ends[i], row[END] + 0.06) - origin) / HOP_S)
        frames = last - first
        at = _next_syllable(voice, at, row[PITCH], frames)
        consonant, vowel, end = voice.syllables[at]
        room = 30 if i == 0 else min(16, round(0.4 * (first - before)))  # frames to take from the note before
        lead_in = min(vowel - consonant, room)
        place[first:last] = vowel + _stretch(end - vowel, frames)
        place[first - lead_in : first] = np.arange(vowel - lead_in, vowel)
        voiced[first:last], voiced[first - lead_in : first] = True, False
        level = rng.normal(0, 1.0) + 0.08 * (row[VELOCITY] - 90)
        own = voice.envelope[vowel:end, 0].mean()
        gain[first - lead_in : last] = 10 ** (level / 20) * np.exp(-own / np.sqrt(ENVELOPE))
        natural = 12 * np.log2(np.maximum(voice.f0[np.rint(place[first:last]).astype(int)], 1) / 440) + 69
        natural = np.clip(natural - np.median(natural), -1, 1) * style.natural
        pitch[first:last] = row[PITCH] + natural + rng.normal(0, 0.12)
        pitch[first - lead_in : first] = row[PITCH]
        before = first
    _synthesise(voice, place, gain, _contour(pitch, style, rng), voiced, origin, style, out)
    return at


def _contour(pitch: Floats, style: _Style, rng: Rng) -> Floats:
    """Pitch (frames,) MIDI as a singer bends it: glides between notes, a scoop at the start, vibrato, drift."""
    known = np.flatnonzero(~np.isnan(pitch))
    line = np.interp(np.arange(len(pitch)), known, pitch[known])
    line = uniform_filter1d(uniform_filter1d(line, style.glide), style.glide)
    t = np.arange(len(line)) * HOP_S
    line -= style.scoop * np.exp(-np.maximum(t - known[0] * HOP_S, 0) / 0.05)
    line += style.vibrato * np.sin(2 * np.pi * style.rate * t) * np.clip(t / 0.6, 0, 1)
    return np.asarray(line + uniform_filter1d(rng.normal(0, 1.0, len(line)), 40))


def warped(envelopes: Floats, formant: float) -> Floats:
    """Power envelopes (frames, bins) with their formants at `formant` times their frequency."""
    bins = np.minimum(np.arange(FFT // 2 + 1) / formant, FFT // 2)
    under = np.floor(bins).astype(int)
    share = bins - under
    return np.asarray(envelopes[:, under] * (1 - share) + envelopes[:, np.minimum(under + 1, FFT // 2)] * share)


def _synthesise(
    voice: Voice, place: Floats, gain: Floats, line: Floats, voiced: NDArray[np.bool_],
    origin: float, style: _Style, out: Samples,
) -> None:  # fmt: skip
    low = np.floor(place).astype(int)
    high, part = np.minimum(low + 1, len(voice.f0) - 1), (place - low)[:, None]
    coded = voice.envelope[low] * (1 - part) + voice.envelope[high] * part
    aperiodic = np.minimum(voice.aperiodicity[low], 0.0)
    envelopes = pyworld.decode_spectral_envelope(np.ascontiguousarray(coded), RATE_HZ, FFT)
    envelopes = warped(envelopes, style.formant)
    smooth = uniform_filter1d(gain, 5)
    smooth[-10:] *= np.linspace(1, 0, 10)
    envelopes = np.ascontiguousarray(np.maximum(envelopes * smooth[:, None] ** 2, 1e-16))
    noise = pyworld.decode_aperiodicity(np.ascontiguousarray(aperiodic), RATE_HZ, FFT)
    f0 = np.where(voiced, 440 * 2 ** ((line - 69) / 12), 0.0)
    y = pyworld.synthesize(f0, envelopes, noise, RATE_HZ, HOP_S * 1000)
    start = round(origin * RATE_HZ)
    y = y[max(-start, 0) :][: len(out) - max(start, 0)]
    out[max(start, 0) : max(start, 0) + len(y)] += y.astype(np.float32)
