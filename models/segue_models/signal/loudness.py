"""Bring every recording to the same loudness: ReplayGain 1.0, look-ahead limiter (paper section 3.2; specs 1.3)."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal.audio import Audio
from segue_models.signal.frames import RATE_HZ

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

REFERENCE_DB = 64.82  # 89 dB of ReplayGain, on its 16-bit scale
SILENT_DB = 50.0  # below the loudest block
CEILING = 0.999
LOOK_AHEAD_SECONDS = 0.005
RELEASE_SECONDS = 0.05
SETTLED = 1e-6  # a reduction below this is none
CHUNK = 1 << 16  # samples worked on at a time
FFT_SIZE, MEMORY = 1 << 16, 2048  # samples; the filter's slowest pole, of radius 0.985, fades by 268 dB in 2048

# Equal-loudness filter of the ReplayGain 1.0 proposal: a Yule-Walker design, then a 150 Hz Butterworth high-pass.
_FILTERS: dict[int, tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]] = {
    44100: (
        (
            [0.05418656406430, -0.02911007808948, -0.00848709379851, -0.00851165645469, -0.00834990904936,
             0.02245293253339, -0.02596338512915, 0.01624864962975, -0.00240879051584, 0.00674613682247,
             -0.00187763777362],
            [1, -3.47845948550071, 6.36317777566148, -8.54751527471874, 9.47693607801280, -8.81498681370155,
             6.85401540936998, -4.39470996079559, 2.19611684890774, -0.75104302451432, 0.13149317958808],
        ),
        ([0.98500175787242, -1.97000351574484, 0.98500175787242], [1, -1.96977855582618, 0.97022847566350]),
    ),
    48000: (
        (
            [0.03857599435200, -0.02160367184185, -0.00123395316851, -0.00009291677959, -0.01655260341619,
             0.02161526843274, -0.02074045215285, 0.00594298065125, 0.00306428023191, 0.00012025322027,
             0.00288463683916],
            [1, -3.84664617118067, 7.81501653005538, -11.34170355132042, 13.05504219327545, -12.28759895145294,
             9.48293806319790, -5.87257861775999, 2.75465861874613, -0.86984376593551, 0.13919314567432],
        ),
        ([0.98621192462708, -1.97242384925416, 0.98621192462708], [1, -1.97223372919527, 0.97261396931306]),
    ),
}  # fmt: skip


@lru_cache(maxsize=2)
def response(rate_hz: int) -> NDArray[np.complex64]:
    """The equal-loudness filter at the FFT_SIZE // 2 + 1 bins; raises ValueError unless at 44.1 or 48 kHz."""
    if rate_hz not in _FILTERS:
        raise ValueError(f"ReplayGain is defined here for 44100 and 48000 Hz, not {rate_hz}: resample first")
    z = np.exp(-2j * np.pi * np.arange(FFT_SIZE // 2 + 1) / FFT_SIZE)
    out = np.ones(len(z), dtype=np.complex128)
    for b, a in _FILTERS[rate_hz]:
        out *= np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    return out.astype(np.complex64)


def replay_gain_db(samples: F32, rate_hz: int) -> float:
    """Gain in dB that brings (channels, n) samples to 89 dB; 0 for less than one block of sound or silence."""
    size = int(np.ceil(0.05 * rate_hz))
    blocks = samples.shape[1] // size
    if not blocks or not np.any(samples):
        return 0.0
    square = sum(_mean_squares(channel, blocks, size, rate_hz) / len(samples) for channel in samples)
    level = np.clip(np.floor(1000.0 * np.log10(square * 32768.0**2 + 1e-37)) / 100.0, 0.0, 120.0)
    level = np.sort(level[level >= level.max() - SILENT_DB])[::-1]  # a pause makes a song no quieter
    loud = level[int(np.ceil(0.05 * len(level))) - 1]
    return float(REFERENCE_DB - loud)


def _mean_squares(channel: F32, blocks: int, size: int, rate_hz: int) -> Floats:
    """Mean square of each block of `size` samples of a channel (n,) as the ear weighs it.

    Overlap-save: filtering by FFT is exact once the filter's memory, is thrown away. It
    takes half the time of the recursion, and spares every start of the program scipy.signal, which loads for a second.
    """
    from scipy.fft import irfft, rfft

    hears = response(rate_hz)
    many = (FFT_SIZE - MEMORY) // size
    padded = np.empty(FFT_SIZE, np.float32)
    out = np.empty(blocks)
    for first in range(0, blocks, many):
        checkpoint()
        count = min(many, blocks - first)
        start = max(first * size - MEMORY, 0)
        part = channel[start : (first + count) * size]
        padded[:] = 0.0
        lead = MEMORY - (first * size - start)  # silence before the recording
        padded[lead : lead + len(part)] = part
        heard = irfft(rfft(padded) * hears, FFT_SIZE)[MEMORY : MEMORY + count * size].reshape(count, size)
        out[first : first + count] = np.einsum("bs,bs->b", heard, heard) / size
    return out


def limit(samples: F32, rate_hz: int, ceiling: float = CEILING) -> F32:
    """Hold the peaks of (channels, n) at `ceiling` without clipping: look-ahead 5 ms, release 50 ms (specs 1.3)."""
    if peak(samples) <= ceiling:
        return samples
    return np.concatenate(list(_limited(samples, np.float32(1.0), rate_hz, ceiling)), axis=1)


def to_reference(audio: Audio) -> F32:
    """Mono samples (n,) at reference loudness: one gain for all channels, the limiter only where it is needed."""
    gain = np.float32(10.0 ** (replay_gain_db(audio.samples, RATE_HZ) / 20.0))
    if gain > 1.0 and peak(audio.samples) * gain > CEILING:
        limited, done = np.empty(audio.samples.shape[1], np.float32), 0
        for part in _limited(audio.samples, gain, RATE_HZ, CEILING):
            part.mean(axis=0, out=limited[done : done + part.shape[1]])
            done += part.shape[1]
        return limited
    mono = np.empty(audio.samples.shape[1], np.float32)
    for start in range(0, len(mono), CHUNK):
        checkpoint()
        audio.samples[:, start : start + CHUNK].mean(axis=0, out=mono[start : start + CHUNK])
    mono *= gain
    return mono


def peak(samples: F32) -> float:
    """Largest absolute sample; 0 where there are none."""
    highest = 0.0
    for start in range(0, samples.shape[1], CHUNK):
        checkpoint()
        part = samples[:, start : start + CHUNK]
        highest = max(highest, float(part.max()), -float(part.min()))
    return highest


def _limited(samples: F32, gain: np.float32, rate_hz: int, ceiling: float) -> Iterator[F32]:
    """Blocks of `samples * gain` under the limiter, in order."""
    half = round(LOOK_AHEAD_SECONDS / 2 * rate_hz)
    span, length, reduction = 2 * half, samples.shape[1], 0.0
    for start in range(0, length, CHUNK):
        checkpoint()
        stop = min(start + CHUNK, length)
        left, right = max(start - span, 0), min(stop + span, length)
        loud = samples[:, left:right] * gain
        part = loud[:, start - left : stop - left]
        need = np.minimum(1.0, ceiling / np.maximum(np.abs(loud).max(axis=0).astype(np.float64), 1e-12))
        if reduction < SETTLED and need.min() >= 1.0:
            yield part
            continue
        need = np.pad(need, (span - (start - left), span - (right - stop)), constant_values=1.0)
        held, reduction = _release(_attack(need, half), rate_hz, reduction)
        yield (part * np.minimum(held, need[span:-span])).astype(np.float32)


def _attack(need: Floats, half: int) -> Floats:
    """(n + 4 half,) -> (n,): smallest gain needed within the look-ahead, then a ramp of that length to the peak."""
    from scipy.ndimage import minimum_filter1d

    span = 2 * half
    ahead = minimum_filter1d(need, span + 1, origin=-half)[: len(need) - span]
    sums = np.concatenate([[0.0], np.cumsum(ahead)])
    return np.asarray((sums[span + 1 :] - sums[: -span - 1]) / (span + 1))


def _release(gain: Floats, rate_hz: int, reduction: float = 0.0) -> tuple[Floats, float]:
    """Fall at once, rise with the release time: g[n] = min(gain[n], g[n-1] + (1 - g[n-1]) (1 - e^(-1 / tau fs))).

    With d = 1 - g this is d[n] = max(1 - gain[n], d[n-1] k), so log d is a running maximum on a falling slope.
    `reduction` is d before the first sample; the last one is returned beside g.
    """
    slope = np.arange(1, len(gain) + 1) / (RELEASE_SECONDS * rate_hz)
    wanted = np.where(gain < 1.0 - 1e-9, 1.0 - gain, 0.0)
    with np.errstate(divide="ignore"):
        rising = np.maximum.accumulate(np.log(np.append(reduction, wanted)) + np.append(0.0, slope))[1:]
    held = np.exp(rising - slope)
    return np.asarray(1.0 - np.where(held < SETTLED, 0.0, held)), float(held[-1])
