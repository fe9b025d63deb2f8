"""Beats as music made to a click has them, or as players let them drift: a path through onsets, found exactly.

Dynamic programming after Ellis 2007. Not librosa's, though a test holds this one to it: its first call on a new machine
compiles for half a minute, and its tempo is a whole number of frames a beat, too coarse to follow a click for minutes.
"""

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint

Floats = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 80.0, 160.0  # one octave, so that a beat means the same in every song
STEADY_SHARE = 0.88  # of the onsets that a free beat hits, a steady one must hit to be believed
NEAR_SECONDS = 0.02  # what is this near a beat is on it


def decode(strength: Floats, fps: float, sounding: NDArray[np.bool_] | None = None) -> Floats:
    """Beat times in seconds from how likely or strong a beat each frame is, (frames,), not all alike.

    Beats of a click where one beat keeps up with the music all the way, else beats that follow it. sounding: (frames,)
    those that are no silence, which says nothing of beats; None where all sound.
    """
    on = np.ones(len(strength), bool) if sounding is None else sounding
    tempo = tempo_bpm(np.where(on, strength - strength[on].mean(), 0.0), fps)
    steady = _follow(strength, fps, on, tempo, steps=128, spread=0.04, cost=60.0)
    free = _follow(strength, fps, on, tempo, steps=64, spread=0.16, cost=10.0)
    kept = float(near(strength, fps, steady).mean()) > STEADY_SHARE * float(near(strength, fps, free).mean())
    return steady if kept else free


def tempo_bpm(strength: Floats, fps: float) -> float:
    """Tempo whose 1, 2, 4, 8 and 16 beats together fit the autocorrelation best, then exact to what 64 beats tell."""
    n = len(strength)
    checkpoint()
    spectrum = np.fft.rfft(strength - strength.mean(), 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:n]

    def fit(bpm: Floats, beats: tuple[int, ...]) -> Floats:
        lags = 60 * fps / bpm[:, None] * np.array(beats)
        return np.asarray(np.interp(lags, np.arange(n), correlation, right=0.0).sum(axis=1))

    checkpoint()
    bpm = np.geomspace(SLOWEST_BPM, FASTEST_BPM, 800)
    best = float(bpm[np.argmax(fit(bpm, (1, 2, 4, 8, 16)))])
    for beats in (16, 32, 64):
        close = best * np.linspace(1 - 0.35 / beats, 1 + 0.35 / beats, 101)
        best = float(close[np.argmax(fit(close, (beats // 2, beats)))])
    return best


def near(strength: Floats, fps: float, times: Floats) -> Floats:
    """Largest strength near each time, (times,)."""
    reach = max(1, round(NEAR_SECONDS * fps))
    at = np.rint(times * fps).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    return np.asarray(strength[np.clip(at, 0, len(strength) - 1)].max(axis=1))


def _follow(
    strength: Floats, fps: float, sounding: NDArray[np.bool_], tempo: float, steps: int, spread: float, cost: float
) -> Floats:
    """Beat times in seconds: the path through onsets on which the period changes least, exact by dynamic programming.

    Time is cut into `steps` a beat at `tempo`; a state is a beat at a step and the period that led to it, at most
    `spread` off; from beat to beat the period may change by one step, which costs `cost`.
    """
    rate = steps * tempo / 60
    n = int(len(strength) / fps * rate)
    checkpoint()
    at = np.arange(n) / rate * fps
    envelope = np.interp(at, np.arange(len(strength)), strength)
    window = np.exp(-0.5 * (np.arange(-steps, steps + 1) * 32.0 / steps) ** 2)
    local = np.convolve(envelope / envelope[sounding[at.astype(np.int64)]].std(), window, "same")
    checkpoint()

    periods = np.arange(round(steps * (1 - spread)), round(steps * (1 + spread)) + 1)
    states, block, longest = np.arange(len(periods)), int(periods[0]), int(periods[-1])
    slower, faster = np.maximum(states - 1, 0), np.minimum(states + 1, len(states) - 1)
    best = np.zeros((longest + n, len(periods)))  # row longest + i is step i; the song may begin in any state
    turn = np.zeros((n, len(periods)), dtype=np.int8)
    for first in range(0, n, block):  # no beat in a block can follow another in it
        checkpoint()
        count = min(block, n - first)
        rows = longest + first + np.arange(count)[:, None] - periods
        options = np.stack([best[rows, slower] - cost, best[rows, states], best[rows, faster] - cost])
        choice = options.argmax(axis=0)
        turn[first : first + count] = choice - 1
        chosen = np.take_along_axis(options, choice[None], axis=0)[0]
        best[longest + first : longest + first + count] = local[first : first + count, None] + chosen

    tail = best[-block:]
    step, state = (int(i) for i in np.unravel_index(tail.argmax(), tail.shape))
    step += len(best) - block - longest
    found = []
    while step >= 0:
        found.append(step)
        period = periods[state]
        state = int(np.clip(state + turn[step, state], 0, len(states) - 1))
        step -= int(period)
    return np.array(found[::-1]) / rate
