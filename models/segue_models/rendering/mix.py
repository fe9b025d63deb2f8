"""Mixing: equaliser, compressor, room, echo and master of a rendered song; all random choices from the given seed."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

from segue_models.rendering.notes import Floats
from segue_models.signal.frames import RATE_HZ

Samples = NDArray[np.float32]
Rng = np.random.Generator
_FRAME = 441  # samples, 10 ms


def envelope(audio: Samples) -> Floats:
    """RMS of every 10 ms of audio (frames,)."""
    frames = len(audio) // _FRAME
    blocks = audio[: frames * _FRAME].reshape(frames, _FRAME).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)))


def loudness(audio: Samples) -> float:
    """RMS of the audio where it sounds: the 10 ms frames within 30 dB of its loud ones; 0 for silence."""
    env = envelope(audio)
    if not len(env) or env.max() <= 0:
        return 0.0
    loud = env[env > np.percentile(env[env > 0], 95) * 10 ** (-30 / 20)]
    return float(np.sqrt(np.mean(loud**2)))


def presence(audio: Samples) -> float:
    """`loudness` of the band where voices live, 300 to 3400 Hz: what decides which of two sounds masks the other."""
    return loudness(sosfilt(butter(2, (300, 3400), "bandpass", fs=RATE_HZ, output="sos"), audio).astype(np.float32))


def scaled(audio: Samples, level_db: float) -> Samples:
    """The audio at `level_db` re full scale by `loudness`; silence stays silent."""
    now = loudness(audio)
    return audio if now <= 0 else (audio * (10 ** (level_db / 20) / now)).astype(np.float32)


def peaking(hz: float, gain_db: float, q: float) -> Floats:
    """Second-order section (1, 6) of a peaking equaliser (Bristow-Johnson, Audio EQ Cookbook)."""
    amp, w = 10 ** (gain_db / 40), 2 * np.pi * hz / RATE_HZ
    alpha = np.sin(w) / (2 * q)
    b = np.array([1 + alpha * amp, -2 * np.cos(w), 1 - alpha * amp])
    a = np.array([1 + alpha / amp, -2 * np.cos(w), 1 - alpha / amp])
    return np.asarray(np.concatenate([b, a])[None, :] / a[0])


def equalised(audio: Samples, rng: Rng, depth_db: float = 5.0) -> Samples:
    """Three random bells: low, middle and high."""
    bells = [
        peaking(float(np.exp(rng.uniform(np.log(lo), np.log(hi)))), float(rng.uniform(-depth_db, depth_db)), 0.6)
        for lo, hi in ((80, 300), (400, 2500), (3000, 12000))
    ]
    return np.asarray(sosfilt(np.concatenate(bells), audio), dtype=np.float32)


def compressed(audio: Samples, ratio: float) -> Samples:
    """Levels the audio: what is above its mean loudness is turned down by `ratio`, smoothly over 60 ms."""
    env, reference = envelope(audio), loudness(audio)
    if reference <= 0:
        return audio
    env = np.convolve(env, np.hanning(9) / np.hanning(9).sum(), mode="same")
    gain = np.minimum((np.maximum(env, 1e-6) / reference) ** (1 / ratio - 1), 2.0)
    at = np.arange(len(audio)) / _FRAME - 0.5
    return (audio * np.interp(at, np.arange(len(gain)), gain)).astype(np.float32)


def room(audio: Samples, rng: Rng, t60: float, wet_db: float) -> Samples:
    """The audio with the echo of a room: dark noise that decays by 60 dB in `t60` seconds, at `wet_db` re dry."""
    count = int(RATE_HZ * min(t60, 2.5))
    t = np.arange(count) / RATE_HZ
    noise = rng.standard_normal(count)
    dark = sosfilt(butter(1, float(rng.uniform(2000, 7000)), fs=RATE_HZ, output="sos"), noise)
    tail = dark * 10 ** (-3 * t / t60)
    tail[: int(RATE_HZ * float(rng.uniform(0.004, 0.03)))] = 0.0  # pre-delay
    tail /= np.sqrt(np.sum(tail**2)) + 1e-12
    wet = oaconvolve(audio, tail.astype(np.float32))[: len(audio)]
    return np.asarray(audio + 10 ** (wet_db / 20) * wet, dtype=np.float32)


def echo(audio: Samples, seconds: float, feedback: float, wet_db: float) -> Samples:
    """The audio with a delay line: repeats every `seconds`, each `feedback` times the last."""
    out, gain = audio.copy(), 10 ** (wet_db / 20)
    for k in range(1, 6):
        shift = round(k * seconds * RATE_HZ)
        if shift >= len(audio) or gain < 0.01:
            break
        out[shift:] += gain * audio[: len(audio) - shift]
        gain *= feedback
    return out


def master(audio: Samples, rng: Rng) -> Samples:
    """The sum of a mix, finished: light equaliser, soft clipping, sometimes a lossy codec's low-pass, -1 dB peak."""
    audio = equalised(scaled(audio, -18.0), rng, 3.0)
    drive = float(rng.uniform(1.0, 3.0))
    audio = np.tanh(audio * drive).astype(np.float32)
    if rng.random() < 0.4:
        cutoff = float(rng.uniform(11_000, 19_000))
        audio = sosfilt(butter(8, cutoff, fs=RATE_HZ, output="sos"), audio).astype(np.float32)
    return (audio * (0.89 / max(float(np.abs(audio).max()), 1e-6))).astype(np.float32)
