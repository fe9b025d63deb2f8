"""Bring every recording to the same loudness: ReplayGain 1.0 and a look-ahead limiter (paper section 3.2; specs 1.3)."""

import numpy as np
from numpy.typing import NDArray

from segue_models.audio import Audio

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

REFERENCE_DB = 64.82  # 89 dB of ReplayGain, on its 16-bit scale
CEILING = 0.999
LOOK_AHEAD_SECONDS = 0.005
RELEASE_SECONDS = 0.05

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


def equal_loudness(samples: F32, rate_hz: int) -> Floats:
    """One channel (n,) through the equal-loudness filter; raises ValueError for another rate than 44.1 or 48 kHz."""
    from scipy.signal import lfilter

    if rate_hz not in _FILTERS:
        raise ValueError(f"ReplayGain is defined here for 44100 and 48000 Hz, not {rate_hz}: resample first")
    out: Floats = samples.astype(np.float64)
    for b, a in _FILTERS[rate_hz]:
        out = lfilter(b, a, out)
    return out


def replay_gain_db(samples: F32, rate_hz: int) -> float:
    """Gain in dB that brings (channels, n) samples to 89 dB; 0 for less than one block of sound or silence."""
    size = int(np.ceil(0.05 * rate_hz))
    blocks = samples.shape[1] // size
    if not blocks or not np.any(samples):
        return 0.0
    square = np.zeros(blocks)
    for channel in samples:
        heard = equal_loudness(channel[: blocks * size], rate_hz).reshape(blocks, size)
        square += np.einsum("bs,bs->b", heard, heard) / size / len(samples)
    level = np.clip(np.floor(1000.0 * np.log10(square * 32768.0**2 + 1e-37)) / 100.0, 0.0, 120.0)
    loud = np.sort(level)[::-1][int(np.ceil(0.05 * blocks)) - 1]
    return float(REFERENCE_DB - loud)


def limit(samples: F32, rate_hz: int, ceiling: float = CEILING) -> F32:
    """Hold the peaks of (channels, n) at `ceiling` without clipping: look-ahead 5 ms, release 50 ms (specs 1.3)."""
    from scipy.ndimage import minimum_filter1d

    peak = np.abs(samples).max(axis=0).astype(np.float64)
    if not len(peak) or float(peak.max()) <= ceiling:
        return samples
    half = round(LOOK_AHEAD_SECONDS / 2 * rate_hz)
    span = 2 * half
    need = np.pad(np.minimum(1.0, ceiling / np.maximum(peak, 1e-12)), (span, span), constant_values=1.0)
    # Smallest gain needed within the next `span` samples, then a ramp of that length which ends at the peak.
    ahead = minimum_filter1d(need, span + 1, origin=-half)[: len(peak) + span]
    sums = np.concatenate([[0.0], np.cumsum(ahead)])
    ramp = (sums[span + 1 :] - sums[: -span - 1]) / (span + 1)
    return (samples * np.minimum(_release(ramp, rate_hz), need[span:-span])).astype(np.float32)


def _release(gain: Floats, rate_hz: int) -> Floats:
    """Fall at once, rise with the release time: g[n] = min(gain[n], g[n-1] + (1 - g[n-1]) (1 - e^(-1 / tau fs))).

    With d = 1 - g this is d[n] = max(1 - gain[n], d[n-1] k), so log d is a running maximum on a falling slope.
    """
    slope = np.arange(len(gain)) / (RELEASE_SECONDS * rate_hz)
    reduction = np.where(gain < 1.0 - 1e-9, 1.0 - gain, 0.0)
    with np.errstate(divide="ignore"):
        held = np.exp(np.maximum.accumulate(np.log(reduction) + slope) - slope)
    return np.asarray(1.0 - np.where(held < 1e-6, 0.0, held))


def to_reference(audio: Audio) -> F32:
    """Mono samples (n,) at reference loudness: one gain for all channels, the limiter only where it is needed."""
    from segue_models.frames import RATE_HZ

    gain = np.float32(10.0 ** (replay_gain_db(audio.samples, RATE_HZ) / 20.0))
    if gain > 1.0 and float(np.abs(audio.samples).max(initial=0.0)) * gain > CEILING:
        return limit(audio.samples * gain, RATE_HZ).mean(axis=0)
    return audio.samples.mean(axis=0) * gain
