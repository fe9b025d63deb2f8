"""A small analogue synthesiser and drum machine: sounds of electronic music that General MIDI has not."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import END, PITCH, START, VELOCITY, Floats
from segue_models.signal.frames import RATE_HZ

Rng = np.random.Generator
HIGHEST_HZ = 0.45 * RATE_HZ
_BLOCK = 1024  # samples between two settings of a moving filter


@dataclass(frozen=True)
class Patch:
    """A sound: share of the pulse that is high (0: a saw), oscillators (semitones off), filter, envelope.

    brightness: octaves from the note to the cut-off; attack, decay (inf: held) and release in seconds.
    """

    width: float
    detunes: tuple[float, ...]
    brightness: float
    attack: float
    decay: float
    release: float


def patch(kind: str, rng: Rng) -> Patch:
    """A random sound to play a `bass`, `pad`, `pluck` or `lead` with. Raises KeyError for another kind."""
    width = 0.0 if rng.random() < 0.6 else float(rng.uniform(0.2, 0.5))
    apart = float(rng.uniform(0.03, 0.18))
    bright, plucked = float(rng.uniform(1.0, 5.0)), float(rng.choice([0.25, np.inf]))
    return {
        "bass": Patch(width, (0.0, -12.0)[: int(rng.integers(1, 3))], bright, 0.004, plucked, 0.04),
        "pad": Patch(width, (-apart, 0.0, apart), bright, float(rng.uniform(0.02, 0.6)), np.inf, 0.4),
        "pluck": Patch(width, (0.0, apart), bright, 0.003, float(rng.uniform(0.06, 0.4)), 0.05),
        "lead": Patch(width, (0.0, apart), bright, float(rng.uniform(0.005, 0.08)), np.inf, 0.1),
    }[kind]  # fmt: skip


def oscillator(hz: float, count: int, width: float, start: float) -> Floats:
    """A saw (width 0) or pulse, (count,) samples from phase `start` (0 to 1), its jumps rounded against aliases.

    The polynomial of Välimäki and Huovilainen, IEEE Signal Processing Magazine 24(2), 2007 (PolyBLEP).
    """
    step = hz / RATE_HZ
    turns = start + step * np.arange(count, dtype=np.float64)
    saw = _saw(turns, step)
    return np.asarray(saw - _saw(turns + width, step)) if width else saw


def _saw(turns: Floats, step: float) -> Floats:
    phase = np.asarray(turns % 1.0, dtype=np.float64)
    after, before = phase / step, (phase - 1) / step
    jump = np.where(phase < step, 2 * after - after**2 - 1, np.where(phase > 1 - step, before**2 + 2 * before + 1, 0.0))
    return np.asarray(2 * phase - 1 - jump)


def play(table: Floats, sound: Patch, seconds: float, rng: Rng) -> Samples:
    """The notes (notes, 4) on one sound: dry audio (samples,) of `seconds`."""
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for row in table:
        start = round(row[START] * RATE_HZ)
        held = min(row[END] - row[START], 3 * sound.decay)
        count = min(round((held + sound.release) * RATE_HZ), len(out) - start)
        if count < 1:
            continue
        t, hz = np.arange(count) / RATE_HZ, 440 * 2 ** ((row[PITCH] - 69) / 12)
        voices = [oscillator(hz * 2 ** (d / 12), count, sound.width, float(rng.random())) for d in sound.detunes]
        low_pass = butter(2, min(hz * 2**sound.brightness, HIGHEST_HZ), fs=RATE_HZ, output="sos")
        edges = np.clip(t / sound.attack, 0, 1) * np.clip((held + sound.release - t) / sound.release, 0, 1)
        y = sosfilt(low_pass, np.sum(voices, axis=0)) * edges * np.exp(-t / sound.decay)
        out[start : start + count] += (y * row[VELOCITY] / 127).astype(np.float32)
    return out


def swept(audio: Samples, cutoffs_hz: Floats) -> Samples:
    """The audio through a low-pass whose cut-off glides through the given values, evenly spaced in time."""
    out, state = np.zeros_like(audio), np.zeros((1, 2))
    blocks = range(0, len(audio), _BLOCK)
    glide = np.interp(np.linspace(0, 1, len(blocks)), np.linspace(0, 1, len(cutoffs_hz)), np.log(cutoffs_hz))
    for first, cutoff in zip(blocks, np.exp(glide), strict=True):
        low_pass = butter(2, min(cutoff, HIGHEST_HZ), fs=RATE_HZ, output="sos")
        out[first : first + _BLOCK], state = sosfilt(low_pass, audio[first : first + _BLOCK], zi=state)
    return out


def ducked(audio: Samples, kicks: Floats, depth: float, seconds: float) -> Samples:
    """The audio pumping: turned down by the share `depth` at each of the kicks (s), most of it back after `seconds`."""
    if not len(kicks):
        return audio
    t = np.arange(len(audio)) / RATE_HZ
    since = t - np.concatenate([[-np.inf], kicks])[np.searchsorted(kicks, t, side="right")]
    return np.asarray(audio * (1 - depth * np.exp(-3 * since / seconds)), dtype=np.float32)


def kick(times: Floats, seconds: float, rng: Rng) -> Samples:
    """A bass drum at each of the times (s): a sine that falls, and a click."""
    t = np.arange(int(0.4 * RATE_HZ)) / RATE_HZ
    low, fall = float(rng.uniform(42, 60)), float(rng.uniform(2.4, 7.5))
    body = np.sin(2 * np.pi * (low * t + fall * (1 - np.exp(-t / 0.03)))) * np.exp(-t / float(rng.uniform(0.06, 0.2)))
    return _placed(body + 0.3 * rng.standard_normal(len(t)) * np.exp(-t / 0.003), times, seconds, rng)


def burst(times: Floats, seconds: float, band_hz: tuple[float, float], decay: float, rng: Rng) -> Samples:
    """Noise in a band at each of the times (s), gone after about five times `decay`: hats, claps, snares."""
    t = np.arange(int(5 * decay * RATE_HZ)) / RATE_HZ
    band = butter(2, band_hz, "bandpass", fs=RATE_HZ, output="sos")
    return _placed(sosfilt(band, rng.standard_normal(len(t))) * np.exp(-t / decay), times, seconds, rng)


def _placed(hit: Floats, times: Floats, seconds: float, rng: Rng) -> Samples:
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for start in np.rint(times * RATE_HZ).astype(int):
        part = hit[: max(len(out) - start, 0)]
        out[start : start + len(part)] += (part * rng.uniform(0.75, 1.0)).astype(np.float32)
    return out


def riser(start: float, end: float, seconds: float, rng: Rng) -> Samples:
    """Noise that grows and brightens from `start` to `end`, in audio of `seconds`."""
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    first, last = round(max(start, 0.0) * RATE_HZ), min(round(end * RATE_HZ), len(out))
    if last > first:
        growing = rng.standard_normal(last - first) * np.linspace(0, 1, last - first) ** 2
        out[first:last] = swept(growing.astype(np.float32), np.array([300.0, float(rng.uniform(4000, 14000))]))
    return out
