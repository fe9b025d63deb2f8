"""Where two places of a recording meet in a cut: aligned, level matched, and how long the crossfade may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from segue_models.signal import audio
from segue_models.signal.audio import AudioError

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LEAST_SECONDS = 0.01  # of music on either side of a join
MOST_SECONDS = 60.0  # rendered on either side of a join: more is no preview
ALIKE = 0.6  # correlation of the waveforms from which both places hold the same music
BEAT_MOVES = 0.025  # of a beat: the smallest displacement that is heard (Friberg and Sundberg 1995)
MOST_SHIFT = 0.010  # seconds
FADE_SHORTEST, FADE_LONGEST = 0.005, 0.060  # seconds
SOFT_DB, HARD_DB = 3.0, 12.0  # rise at the join that asks for the longest, the shortest fade
ONSET_DB = 6.0  # a rise that is an onset of its own
OWN_SECONDS = 0.010  # an onset so little before a cut is the cut's own: that is how exact the markers are
STEP_SECONDS = 0.0005  # in which a rise is placed
DRIFT_DB, HEARD_DB, ALIKE_DB = 3.0, 0.5, 1.0  # a level is matched between the first two, where both sides agree


@dataclass(frozen=True)
class Splice:
    """How a recording is cut from one place to another.

    leave, enter: seconds in the source, on whole samples, where the exit side and the entry side meet; ahead: seconds
    before that at which the crossfade begins; fade: its length in seconds; gain: linear factor of the entry side.
    """

    leave: float
    enter: float
    ahead: float
    fade: float
    gain: float


def plan(paths: Sequence[Path], leave: float, enter: float, beat_seconds: float) -> Splice:
    """The best splice from `leave` to `enter`, seconds in the source; several paths are channels of one recording.

    Raises AudioError for a recording that cannot be read and for a place where nothing is left to be heard.
    """
    source = audio.info(paths)
    rate = source.rate_hz
    exit_at, entry_at = _sample_positions(source, leave, enter)
    beat = round(float(np.clip(beat_seconds, 0.2, 2.0)) * rate)
    reach = 2 * beat + beat // 2
    spans = [(at - reach, at + 4 * beat) for at in (exit_at, entry_at)]
    left, entered = audio.spans(paths, spans)
    shift = _shift(left, entered, reach, min(beat, rate // 2), rate)
    if not 0 <= entry_at + shift <= (source.duration - LEAST_SECONDS) * rate:
        shift = 0
    entry_at += shift
    if entry_at == exit_at:
        return Splice(exit_at / rate, exit_at / rate, 0.0, 0.0, 1.0)
    ahead, fade = _fade(_Around(left, reach, rate), _Around(entered, reach + shift, rate), min(exit_at, entry_at))
    gain = _gain(left, entered, reach, reach + shift, 2 * beat)
    return Splice(exit_at / rate, entry_at / rate, ahead / rate, fade / rate, gain)


def render(paths: Sequence[Path], splice: Splice, before: float, after: float) -> tuple[F32, int, float]:
    """The spliced music: samples (n, channels), their rate in Hz, and the seconds in them at which the join is.

    `before` and `after` the join, in seconds, end where the file does. Raises AudioError.
    """
    if not (0 <= before <= MOST_SECONDS and 0 <= after <= MOST_SECONDS):
        asked = f"{before:g} and {after:g} s around the join cannot be rendered"
        raise AudioError("bad_region", f"{asked}: ask for 0 to {MOST_SECONDS:g} s")
    source = audio.info(paths)
    rate = source.rate_hz
    exit_at, entry_at = _sample_positions(source, splice.leave, splice.enter)
    ahead, fade = round(splice.ahead * rate), round(splice.fade * rate)
    start = max(0, exit_at - max(round(before * rate), ahead))
    end = min(round(source.duration * rate), entry_at + max(round(after * rate), fade - ahead, 1))
    left, entered = audio.spans(paths, [(start, exit_at - ahead + fade), (entry_at - ahead, end)])
    if splice.gain != 1.0:
        entered = entered * np.float32(splice.gain)
    mixed = _crossfade(left[len(left) - fade :], entered[:fade])
    return np.concatenate([left[: len(left) - fade], mixed, entered[fade:]]), rate, (exit_at - start) / rate


def _sample_positions(source: audio.Info, leave: float, enter: float) -> tuple[int, int]:
    """Both places as sample numbers of the file."""
    for name, time, first, last in (
        ("exit", leave, LEAST_SECONDS, source.duration),
        ("entry", enter, 0.0, source.duration - LEAST_SECONDS),
    ):
        if not first <= time <= last + 0.5 / source.rate_hz:
            raise AudioError(
                "outside_file",
                f"the {name} at {time:.3f} s leaves nothing to hear in a recording of {source.duration:.3f} s: "
                f"give one from {first:g} to {last:.3f}",
            )
    return round(leave * source.rate_hz), round(enter * source.rate_hz)


def _shift(left: F32, entered: F32, at: int, beat: int, rate: int) -> int:
    """Samples by which the entry moves so that the same music goes on in step; 0 where it is other music.

    Searched within half a beat; a match further away than can be heard means that no small shift is the right one.
    """
    half = beat // 2
    a = np.diff(left.mean(axis=1, dtype=np.float64))[at - beat : at + beat]  # differences: bass alone matches anywhere
    b = np.diff(entered.mean(axis=1, dtype=np.float64))[at - beat - half : at + beat + half]
    size = scipy.fft.next_fast_len(len(b), real=True)
    spectrum = scipy.fft.rfft(b, size) * np.conj(scipy.fft.rfft(a, size))
    match = scipy.fft.irfft(spectrum, size)[: 2 * half + 1]
    sums = np.concatenate([[0.0], np.cumsum(b**2)])
    energy = sums[2 * beat :][: 2 * half + 1] - sums[: 2 * half + 1]
    alike = match / np.sqrt(np.maximum(energy * (a @ a), 1e-12))
    most = min(half, int(min(MOST_SHIFT, BEAT_MOVES * beat / rate) * rate))
    near = alike[half - most : half + most + 1]
    if near.max() < ALIKE or near.max() < 0.98 * alike.max():
        return 0
    best = np.flatnonzero(near >= near.max() - 1e-6) - most
    return int(best[np.abs(best).argmin()])


@dataclass(frozen=True)
class _Around:
    """The music around one cut: samples (n, channels), position of the cut in them, rate in Hz."""

    samples: F32
    at: int
    rate_hz: int

    def rises(self) -> tuple[Floats, float]:
        """Onsets as seconds before the cut, and the largest rise at the cut itself in dB."""
        step = max(1, round(STEP_SECONDS * self.rate_hz))
        steps = [round(s / STEP_SECONDS) for s in (FADE_LONGEST + 0.03, 0.03)]  # before and after the cut
        part = self.samples[self.at - steps[0] * step - 1 : self.at + steps[1] * step].mean(axis=1, dtype=np.float64)
        power = (np.diff(part).reshape(-1, step) ** 2).mean(axis=1) + 1e-10  # quieter is silence
        sums = np.concatenate([[0.0], np.cumsum(power)])
        short, long = 16, 32  # 8 ms of rise against the 16 ms before it: a period of a bass is no onset
        here = np.arange(long, len(power) - short)
        rise = 10 * np.log10((sums[here + short] - sums[here]) / (sums[here] - sums[here - long]) * long / short)
        onsets = []
        for i in np.flatnonzero(rise > ONSET_DB):
            if rise[i] == rise[max(0, i - short) : i + short].max():
                onsets.append(steps[0] - (here[i] + _begin(power[here[i] - short : here[i] + short]) - short))
        own = np.abs(here - steps[0]) <= round(OWN_SECONDS / STEP_SECONDS)
        return np.array(onsets) * step / self.rate_hz, float(rise[own].max())


def _begin(power: Floats) -> int:
    """Step at which a rise begins: the first after which the level stays above a fifth of the way up, in dB."""
    level = 10 * np.log10(power)
    low, high = float(np.median(level[: len(level) // 2])), float(level.max())
    quiet = np.flatnonzero(level[: int(level.argmax()) + 1] < low + 0.2 * (high - low))
    return int(quiet[-1]) + 1 if len(quiet) else 0


def _fade(exit_side: _Around, entry_side: _Around, room: int) -> tuple[int, int]:
    """Samples before the join at which the crossfade begins, and its length.

    It ends before the attack on either side: what the exit leaves out is not heard, and the entry comes out whole. It
    begins after the last onset before that. `room` is the number of samples of the file before both cuts.
    """
    rate = exit_side.rate_hz
    guard, free, hardness = 0.0, FADE_LONGEST + 0.03, 0.0
    for onsets, rise in (exit_side.rises(), entry_side.rises()):
        own = onsets[(onsets > -OWN_SECONDS) & (onsets <= OWN_SECONDS)]
        guard = max(guard, float(own.max(initial=0.0)))
        free = min(free, float(onsets[onsets > OWN_SECONDS].min(initial=free)))
        hardness = max(hardness, float(np.clip((rise - SOFT_DB) / (HARD_DB - SOFT_DB), 0.0, 1.0)))
    wanted = FADE_LONGEST * (FADE_SHORTEST / FADE_LONGEST) ** hardness
    fade = max(min(wanted, free - guard - OWN_SECONDS / 2), FADE_SHORTEST / 2)
    ahead = min(round((fade + guard) * rate), room)
    return ahead, min(round(fade * rate), max(ahead, round(FADE_SHORTEST / 2 * rate)))


def _gain(left: F32, entered: F32, exit_at: int, entry_at: int, count: int) -> float:
    """Factor that brings the entry side to the level of the exit side where it is the same music, only mixed otherwise.

    `count` samples before and after the cuts must differ alike, by more than is heard and less than music does.
    """
    differences = []
    for offset in (-count, 0):
        powers = [
            float(np.mean(samples[at + offset : at + offset + count] ** 2, dtype=np.float64)) + 1e-12
            for samples, at in ((left, exit_at), (entered, entry_at))
        ]
        differences.append(10 * np.log10(powers[0] / powers[1]))
    decibels = float(np.mean(differences))
    if abs(differences[0] - differences[1]) > ALIKE_DB or not HEARD_DB < abs(decibels) <= DRIFT_DB:
        return 1.0
    peak = float(np.abs(entered[entry_at:]).max())
    gain = 10 ** (decibels / 20)
    return float(gain if gain <= 1 or gain * peak <= 1 else max(1.0, 1 / peak))


def _crossfade(out: F32, into: F32) -> F32:
    """Equal power, whatever the correlation of the two: alike music would be up to 3 dB louder in the middle."""
    if not len(out):
        return out
    angle = (np.arange(len(out)) + 0.5)[:, None] / len(out) * np.pi / 2
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = (float(np.mean(side**2, dtype=np.float64)) for side in (out, into))
    shared = max(float(np.mean(out * into, dtype=np.float64)), -(a + b) / 4)  # at most 3 dB against a cancellation
    even = cos**2 * a + sin**2 * b + 1e-20
    return np.asarray(np.sqrt(even / (even + 2 * cos * sin * shared)) * (cos * out + sin * into), dtype=np.float32)
