"""Beats with their place in the bar: what the beat network and the onsets say together, followed through the song."""

import numpy as np
from numpy.typing import NDArray

from segue_models import features
from segue_models.beats import bars, steady
from segue_models.beats.beat_confidence import beat_confidence
from segue_models.checkpoints import checkpoint
from segue_models.serving.inference import Network
from segue_models.signal.frames import BAR_LINE_SECONDS, BEAT_FPS, BEAT_HOP, FPS, BeatGrid, frame_count, nearest_frame
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

SHORTEST_SECONDS, FAINTEST = 4.0, 1e-3
SEGMENT_FRAMES, CONTEXT_FRAMES = 3000, 300  # half a minute at a time: a whole song at once takes 150 MB more
SURE = 0.58  # confidence from which beats are believed: speech has at most 0.5, songs have at least 0.65
WANDER = 0.008  # of a beat: what beats vary by in songs, click or not; in rubato it is 0.01 to 0.07
EVEN_BPM = 120.0  # what a DAW's empty session has


class NoBeats(ValueError):
    """No steady beat could be found."""


def activations(mono: F32, network: Network) -> F32:
    """How likely each frame (10 ms) is no beat, a beat that opens no bar, a downbeat: (frames, 3) of mono samples."""
    extract = features.find(str(network.card.feature["name"])).extract
    frames = frame_count(len(mono), BEAT_HOP)
    out = np.empty((frames, len(network.card.outputs)), np.float32)
    for first in range(0, frames, SEGMENT_FRAMES):
        checkpoint()
        begin, end = max(0, first - CONTEXT_FRAMES), min(first + SEGMENT_FRAMES + CONTEXT_FRAMES, frames)
        part = network.activations(extract(mono[begin * BEAT_HOP : end * BEAT_HOP - 1]))
        out[first : first + SEGMENT_FRAMES] = part[first - begin : first - begin + SEGMENT_FRAMES]
    return out


def track(front: FrontEnd, heard: F32 | None = None) -> BeatGrid:
    """Beat grid over the whole song, carried on evenly where nothing plays, from what the network `hear`s in it.

    Without a network from the onsets alone. Raises NoBeats where there is next to nothing to hear.
    """
    onsets = front.onset_strength.astype(np.float64)
    if front.duration < SHORTEST_SECONDS or float(onsets.max()) < FAINTEST:
        raise NoBeats("there is next to nothing to hear a beat in")
    frames = np.arange(round(front.duration * BEAT_FPS) + 1)
    # A rise seen between two frames was heard in their middle.
    strength = np.interp(frames / BEAT_FPS, (np.arange(len(onsets)) - 0.5) / FPS, onsets)
    sounding = _sounding(front, len(frames))
    if heard is not None:
        beat = np.interp(frames, np.arange(len(heard)), 1.0 - heard[:, 0])
        strength = strength / strength[sounding].std() + beat / max(float(beat[sounding].std()), 1e-9)
    times = steady.decode(strength, BEAT_FPS, sounding)
    if len(times) < 4:
        raise NoBeats("no beat was found")
    return bars.find(front, _cover(times, front.duration), heard)


def confidence(heard: F32, grid: BeatGrid, front: FrontEnd | None = None) -> float:
    """How sure we may be of the grid, 0..1: low for speech and noise by what the network heard, and for free rhythm.

    front: what the front end heard, whose pauses hold no beats; None where there are none.
    """
    steps = np.diff(grid.times[1:])  # the first beat lies where the first sound is
    wander = float(steps.std() / np.median(steps))
    sounding = None if front is None else _sounding(front, len(heard))
    sure = beat_confidence(1.0 - heard[:, 0], grid.times, BEAT_FPS, sounding)
    return sure * min(1.0, WANDER / max(wander, 1e-9))


def reliability(heard: F32, grid: BeatGrid, front: FrontEnd) -> float:
    """Share of a score, 0..1, that is left where the beats are doubtful: 1 from SURE on, else the odds against it."""
    sure = confidence(heard, grid, front)
    return 1.0 if sure >= SURE else sure / (1 - sure) / (SURE / (1 - SURE))


def even(duration: float) -> BeatGrid:
    """A grid for what has no beat at all: bars of four at 120 BPM from the start, as in an empty session."""
    times = np.arange(0.0, max(duration, 120 / EVEN_BPM) + 1e-9, 60 / EVEN_BPM)
    return BeatGrid(times, np.arange(len(times)) % 4 + 1)


def _sounding(front: FrontEnd, frames: int) -> NDArray[np.bool_]:
    """Which of the frames (10 ms) are no silence; all where too little sounds to measure anything by it."""
    if np.count_nonzero(front.sounding) < SHORTEST_SECONDS * FPS:
        return np.ones(frames, bool)
    at = nearest_frame(np.arange(frames) / BEAT_FPS)
    return np.asarray(front.sounding[np.minimum(at, len(front.sounding) - 1)])


def _cover(times: Floats, duration: float) -> Floats:
    """Go on evenly to both ends of the song; music that begins on a beat is heard a moment after it."""
    step_first, step_last = np.median(np.diff(times[:9])), np.median(np.diff(times[-9:]))
    before = np.arange(times[0] - step_first, -BAR_LINE_SECONDS, -step_first)[::-1]
    after = np.arange(times[-1] + step_last, duration, step_last)
    covered = np.concatenate([before, times, after])
    return np.asarray(np.maximum(covered[covered >= -BAR_LINE_SECONDS], 0.0))
