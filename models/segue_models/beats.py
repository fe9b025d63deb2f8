"""Beats with their place in the bar, by dynamic programming (after Ellis 2007) until our own networks replace it.

Not librosa's tracker, though a test holds this one to it: librosa's first call on a new machine compiles for half a
minute, and its tempo is a whole number of frames a beat, too coarse to follow a recording that was made to a click.
"""

import numpy as np
from numpy.typing import NDArray

from segue_models.frames import FPS, BeatGrid, nearest_frame
from segue_models.frontend import Front

Floats = NDArray[np.float64]

SHORTEST_SECONDS, FAINTEST = 4.0, 1e-3
SLOWEST_BPM, FASTEST_BPM = 80.0, 160.0  # one octave, so that a beat means the same in every song
STEADY_SHARE = 0.88  # of the onsets that a free beat hits, a steady one must hit to be believed
METRES = (4, 3)
LOW_BANDS = 20  # below 600 Hz
WALTZ_PENALTY, OFFBEAT_PENALTY = 0.25, 1.0  # bars are of four, and beats where the onsets are, unless much says no
SAYS = "no steady beat was found: cuts follow the beat, so there are none to show"


class NoBeats(ValueError):
    """No steady beat could be found."""


def track(front: Front) -> BeatGrid:
    """Beat grid over the whole song, carried on evenly where nothing plays; raises NoBeats."""
    strength = front.onset_strength.astype(np.float64)
    if len(strength) < SHORTEST_SECONDS * FPS or float(strength.max()) < FAINTEST:
        raise NoBeats(SAYS)
    tempo = tempo_bpm(strength)
    times = _steady_or_free(strength, tempo)
    if len(times) < 4:
        raise NoBeats(SAYS)
    return _bars(front, _cover(times, front.duration))


def tempo_bpm(strength: Floats) -> float:
    """Tempo whose 1, 2, 4, 8 and 16 beats together fit the autocorrelation best, then exact to what 64 beats tell."""
    n = len(strength)
    spectrum = np.fft.rfft(strength - strength.mean(), 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:n]

    def fit(bpm: Floats, beats: tuple[int, ...]) -> Floats:
        lags = 60 * FPS / bpm[:, None] * np.array(beats)
        return np.asarray(np.interp(lags, np.arange(n), correlation, right=0.0).sum(axis=1))

    bpm = np.geomspace(SLOWEST_BPM, FASTEST_BPM, 800)
    best = float(bpm[np.argmax(fit(bpm, (1, 2, 4, 8, 16)))])
    for beats in (16, 32, 64):
        near = best * np.linspace(1 - 0.35 / beats, 1 + 0.35 / beats, 101)
        best = float(near[np.argmax(fit(near, (beats // 2, beats)))])
    return best


def _steady_or_free(strength: Floats, tempo: float) -> Floats:
    """Beats of a click where one beat keeps up with the music all the way, else beats that follow it."""
    steady = _follow(strength, tempo, frames=128, spread=0.04, cost=60.0)
    free = _follow(strength, tempo, frames=64, spread=0.16, cost=10.0)
    return steady if _hit(strength, steady).mean() > STEADY_SHARE * _hit(strength, free).mean() else free


def _follow(strength: Floats, tempo: float, frames: int, spread: float, cost: float) -> Floats:
    """Beat times in seconds: the path through onsets on which the period changes least, exact by dynamic programming.

    Time is cut into `frames` steps a beat at `tempo`; a state is a beat at a step and the period that led to it, at
    most `spread` off; from beat to beat the period may change by one step, which costs `cost`.
    """
    fps = frames * tempo / 60
    n = int(len(strength) / FPS * fps)
    envelope = np.interp(np.arange(n) / fps * FPS, np.arange(len(strength)), strength)
    window = np.exp(-0.5 * (np.arange(-frames, frames + 1) * 32.0 / frames) ** 2)
    local = np.convolve(envelope / envelope.std(), window, "same")

    periods = np.arange(round(frames * (1 - spread)), round(frames * (1 + spread)) + 1)
    states, block, longest = np.arange(len(periods)), int(periods[0]), int(periods[-1])
    slower, faster = np.maximum(states - 1, 0), np.minimum(states + 1, len(states) - 1)
    best = np.zeros((longest + n, len(periods)))  # row longest + i is step i; the song may begin in any state
    turn = np.zeros((n, len(periods)), dtype=np.int8)
    for first in range(0, n, block):  # no beat in a block can follow another in it
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
    steps = []
    while step >= 0:
        steps.append(step)
        period = periods[state]
        state = int(np.clip(state + turn[step, state], 0, len(states) - 1))
        step -= int(period)
    return np.array(steps[::-1]) / fps


def _hit(strength: Floats, times: Floats) -> Floats:
    """Onset strength at each time, within a frame."""
    at = np.clip(nearest_frame(times), 1, len(strength) - 2)
    return np.maximum(strength[at], np.maximum(strength[at - 1], strength[at + 1]))


def _cover(times: Floats, duration: float) -> Floats:
    """Go on evenly to both ends of the song. A rise seen between two frames was heard in their middle."""
    times = times - 0.5 / FPS
    step_first, step_last = np.median(np.diff(times[:9])), np.median(np.diff(times[-9:]))
    before = np.arange(times[0] - step_first, 0.0, -step_first)[::-1]
    after = np.arange(times[-1] + step_last, duration, step_last)
    covered = np.concatenate([before, times, after])
    return covered[covered >= 0.0]


def _bars(front: Front, times: Floats) -> BeatGrid:
    """Metre and downbeats: where the low end changes for a bar, and chord and timbre with it, and the bass sets in.

    Half beats are candidates too: where they win clearly, the tracker followed an off-beat, and the beats move there.
    """
    halves = np.sort(np.concatenate([times, (times[1:] + times[:-1]) / 2]))
    chords = _standard(_change(front.chroma, halves, 4))
    timbre = _standard(_change(front.timbre, halves, 4))
    bass = _standard(_hit(front.bass_strength.astype(np.float64), halves))
    gains = {}
    for metre in METRES:
        low = _standard(_change(front.gammatone[:, :LOW_BANDS], halves, 2 * metre))
        evidence = 2.0 * chords + timbre + 1.2 * low + 0.8 * bass  # rounded from a fit to 170 rendered songs
        for phase in range(2 * metre):
            penalty = WALTZ_PENALTY * (metre == 3) + OFFBEAT_PENALTY * (phase % 2)
            gains[metre, phase] = float(evidence[phase :: 2 * metre].mean()) - penalty
    metre, phase = max(gains, key=lambda key: gains[key])
    beats = halves[phase % 2 :: 2]
    return BeatGrid(beats, (np.arange(len(beats)) - phase // 2) % metre + 1, metre)


def _change(features: NDArray[np.float32], times: Floats, count: int) -> Floats:
    """Distance of the mean features (frames, bins) between the `count` times before each time and those after it."""
    sums = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0, dtype=np.float64)])
    edges = np.append(np.clip(nearest_frame(times), 0, len(features) - 1), len(features))
    here = np.arange(len(times))

    def mean(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
        return np.asarray((sums[edges[b]] - sums[edges[a]]) / np.maximum(edges[b] - edges[a], 1)[:, None])

    before = mean(np.maximum(here - count, 0), here)
    after = mean(here, np.minimum(here + count, len(times)))
    change = np.asarray(np.linalg.norm(after - before, axis=1))
    inside = change[count : len(change) - count]
    change[:count] = change[len(change) - count :] = np.median(inside) if len(inside) else 0.0
    return change


def _standard(x: Floats) -> Floats:
    """Zero mean, unit spread, and no single break of the music worth more than the others."""
    x = np.minimum(x, np.percentile(x, 97))
    return np.asarray((x - x.mean()) / max(float(x.std()), 1e-9))
