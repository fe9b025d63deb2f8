"""Tatums: the finest regular places of a song, half a beat or a quarter of one, that all its sections stand on.

Music made to a click has one rigid grid of them. Other music is followed: a path through the onsets on which the period
changes least, and keeps to the local tempo (dynamic programming after Ellis 2007). Not librosa's: its first call on a
new machine compiles for half a minute, and its tempo is one for the whole song.

Off-beats count as much as beats do, so a breakdown in which they are left alone moves nothing. Which tatums are beats
is decided by all sections together (`metre.py`).
"""

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import tempogram
from segue_models.beats.tempogram import Curve
from segue_models.checkpoints import checkpoint

Floats = NDArray[np.float64]

PULSE_BPM = 140.0  # the path is followed at twice a tempo within half an octave of this
NEAR_SECONDS = 0.02  # what is this near a beat is on it
PIECE_BEATS = 16
RIGID, HALVES = 0.87, 1.02  # of what free beats hit, a click must hit to be believed, and a path of half beats
BINS = 48  # of a tatum, in which the phase of a click is voted
STEPS = 64  # of a beat at the middle tempo
PERIOD_COST, JUMP_COST = 15.0, 60.0  # of the next period, and of any other
OFF_COST = 30.0  # of a period that is not the tempo here
TOLERANCE, REACH_SECONDS = 0.05, 3.0  # a period is the local tempo if it is this near to it, at a time this near


def find(strengths: list[Floats], fps: float, sounding: NDArray[np.bool_]) -> tuple[Floats, Curve]:
    """Tatums in seconds, and the tempo of every other one.

    strengths: (frames,) each, how strong an onset or likely a beat each frame is; sounding: those that are no silence.
    """
    strength = np.sum(strengths, axis=0)
    curve = tempogram.curve(strength, fps, sounding).octave_near(PULSE_BPM)
    free = follow(strength, fps, sounding, curve)
    reached = max(float(near(strength, fps, free).mean()), 1e-9)
    bpm, _ = tempogram.exact(strength, fps, sounding, float(np.median(curve.bpm)))
    click = _rigid(strengths, fps, sounding, bpm)
    if _explained(strength, fps, click) > RIGID * reached:
        return click, curve
    halves = follow(strength, fps, sounding, curve.times_as_fast(2.0))
    if _explained(strength, fps, halves) > HALVES * reached:
        return halves, curve
    return np.sort(np.concatenate([free, (free[1:] + free[:-1]) / 2])), curve


def near(strength: Floats, fps: float, times: Floats) -> Floats:
    """Largest strength near each time, (times,)."""
    reach = max(1, round(NEAR_SECONDS * fps))
    at = np.rint(times * fps).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    return np.asarray(strength[np.clip(at, 0, len(strength) - 1)].max(axis=1))


def _explained(strength: Floats, fps: float, tatums: Floats) -> float:
    """Mean strength at every other tatum, of each piece at those that are stronger in it."""
    hit = near(strength, fps, tatums)
    pieces = max(1, len(hit) // (2 * PIECE_BEATS))
    both = hit[: len(hit) // (2 * pieces) * 2 * pieces].reshape(pieces, -1, 2).mean(axis=1)
    return float(both.max(axis=1).mean())


def _rigid(strengths: list[Floats], fps: float, sounding: NDArray[np.bool_], bpm: float) -> Floats:
    """Tatums of a click at `bpm`: their phase is where the strengths fold highest (epoch folding)."""
    period = 30 / bpm
    at = np.flatnonzero(sounding)
    bins = (at / fps / period % 1 * BINS).astype(np.int64)
    folded = sum(np.bincount(bins, strength[at], BINS) for strength in strengths) / np.maximum(
        np.bincount(bins, minlength=BINS), 1
    )
    width = np.exp(-0.5 * (np.minimum(np.arange(BINS), BINS - np.arange(BINS)) / 2.0) ** 2)
    smooth = np.fft.irfft(np.fft.rfft(folded) * np.fft.rfft(width / width.sum()), BINS)
    return np.arange((int(smooth.argmax()) + 0.5) / BINS * period, len(sounding) / fps, period)


def follow(strength: Floats, fps: float, sounding: NDArray[np.bool_], curve: Curve) -> Floats:
    """Beats in seconds: the path through strength on which the period changes least, exact by dynamic programming.

    Time is cut into STEPS a beat at the middle tempo; a state is a beat at a step and the period that led to it, which
    is that of the curve nearby. From beat to beat the period may change by one step, or by a jump.
    """
    middle = float(np.exp(np.log(curve.bpm).mean()))
    rate = STEPS * middle / 60
    n = int(len(strength) / fps * rate)
    at = np.arange(n) / rate * fps
    envelope = np.interp(at, np.arange(len(strength)), strength)
    window = np.exp(-0.5 * (np.arange(-STEPS, STEPS + 1) * 32.0 / STEPS) ** 2)
    local = np.convolve(envelope / max(float(envelope[sounding[at.astype(np.int64)]].std()), 1e-9), window, "same")
    checkpoint()
    slowest, fastest = curve.bpm.min() * (1 - TOLERANCE), curve.bpm.max() * (1 + TOLERANCE)
    periods = np.arange(int(STEPS * middle / fastest), int(np.ceil(STEPS * middle / slowest)) + 1)
    off = np.where(_open(curve, STEPS * middle / periods), 0.0, -OFF_COST)
    second = np.clip(np.rint(np.arange(n) / rate / tempogram.HOP_SECONDS).astype(np.int64), 0, len(off) - 1)
    states, block, longest = np.arange(len(periods)), int(periods[0]), int(periods[-1])
    slower, faster = np.maximum(states - 1, 0), np.minimum(states + 1, len(states) - 1)
    best = np.zeros((longest + n, len(periods)))  # row longest + i is step i; the song may begin in any state
    top, arg = np.zeros(longest + n), np.zeros(longest + n, np.int64)
    turn = np.zeros((n, len(periods)), np.int8)
    for first in range(0, n, block):  # no beat in a block can follow another in it
        checkpoint()
        count = min(block, n - first)
        rows = longest + first + np.arange(count)[:, None] - periods
        options = np.stack([
            best[rows, slower] - PERIOD_COST, best[rows, states], best[rows, faster] - PERIOD_COST,
            top[rows] - JUMP_COST,
        ])  # fmt: skip
        choice = options.argmax(axis=0)
        turn[first : first + count] = choice - 1
        here = slice(longest + first, longest + first + count)
        best[here] = np.take_along_axis(options, choice[None], axis=0)[0] + local[first : first + count, None]
        best[here] += off[second[first : first + count]]
        top[here], arg[here] = best[here].max(axis=1), best[here].argmax(axis=1)
    tail = best[-longest:]
    step, state = (int(i) for i in np.unravel_index(tail.argmax(), tail.shape))
    step += len(best) - 2 * longest
    found = []
    while step >= 0:
        found.append(step)
        move = int(turn[step, state])
        step -= int(periods[state])
        state = int(arg[longest + step]) if move == 2 else int(np.clip(state + move, 0, len(states) - 1))
    return np.array(found[::-1]) / rate


def _open(curve: Curve, bpm: Floats) -> NDArray[np.bool_]:
    """Which of the tempi are that of the curve near each of its times, (times, tempi)."""
    here = np.abs(np.log(bpm / curve.bpm[:, None])) <= TOLERANCE
    out = here.copy()
    for ahead in range(1, round(REACH_SECONDS / tempogram.HOP_SECONDS) + 1):
        out[ahead:] |= here[:-ahead]
        out[:-ahead] |= here[ahead:]
    return np.asarray(out)
