"""Beats with their place in the bar: tatums are followed, and all sections of a song tell which of them are beats."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue_models import features
from segue_models.beats import metre, tatum
from segue_models.beats.beat_confidence import beat_confidence
from segue_models.beats.tempogram import HOP_SECONDS, Curve
from segue_models.checkpoints import checkpoint
from segue_models.serving.inference import Network
from segue_models.signal.frames import BAR_LINE_SECONDS, BEAT_FPS, BEAT_HOP, FPS, BeatGrid, frame_count, nearest_frame
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

SHORTEST_SECONDS, FAINTEST = 4.0, 1e-3
SEGMENT_FRAMES, CONTEXT_FRAMES = 3000, 300  # half a minute at a time: a whole song at once takes 150 MB more
EVEN_BPM = 120.0  # what a DAW's empty session has
PULSE = 45.0  # times chance, from which a pulse is believed to be there around a moment
FREE_SECONDS = 12.0  # that sound without a pulse, from which no bars are claimed: what one moment is heard in
PULSE_SHARE = 0.4  # of what sounds, that a song's pulse is believed from
SURE, SURE_MOVING = 0.5, 0.9  # how likely the right beats must be to be believed, of a click and of other music
CONTRAST = 0.58  # or how much more like beats they sound to the network than what lies between them
WANDER = 0.008  # of a beat: what beats vary by in songs; in rubato it is 0.01 to 0.07


class NoBeats(ValueError):
    """No steady beat could be found."""


@dataclass(frozen=True)
class Beats:
    """grid: of the whole song; pulse: share of what sounds that has one, 0..1; sure: how likely its beats are right.

    click: whether one tempo holds all the way; contrast: how clearly the network hears the beats, 0..1, less where they
    wander.
    """

    grid: BeatGrid
    pulse: float
    sure: float
    click: bool = True
    contrast: float = 0.0

    @property
    def believed(self) -> bool:
        """Whether there is a pulse, and the beats are likely to be the right ones."""
        heard = self.sure >= (SURE if self.click else SURE_MOVING) or self.contrast >= CONTRAST
        return self.pulse >= PULSE_SHARE and heard


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


def track(front: FrontEnd, heard: F32 | None = None) -> Beats:
    """Beats over the whole song, carried on evenly where nothing plays, from what the network `hear`s in it.

    Where music that is made to no click has no pulse for long, the grid is free: no bar is claimed.
    Without a network from the onsets alone. Raises NoBeats where there is next to nothing to hear.
    """
    times, curve, sounding = _tatums(front, heard)
    grid, sure = metre.find(front, times, heard)
    sounds = sounding[np.minimum(np.rint(curve.times * BEAT_FPS).astype(np.int64), len(sounding) - 1)]
    pulse = float((curve.evidence[sounds] >= PULSE).mean()) if sounds.any() else 0.0
    click = bool(np.ptp(np.diff(times)[1:-1]) < 1e-6)
    if not click:
        grid = replace(grid, free=_free(curve, sounds, grid, front.duration))
    return Beats(grid, pulse, sure, click, 0.0 if heard is None else _contrast(heard, grid, sounding))


def _free(curve: Curve, sounds: NDArray[np.bool_], grid: BeatGrid, duration: float) -> tuple[tuple[float, float], ...]:
    """The parts (start, end) in seconds, from bar line to bar line, in which what sounds has no pulse for long.

    sounds: (times,) of the curve. Where more begins than elsewhere in the song, more recurs by chance.
    """
    none = np.append(curve.evidence / np.maximum(curve.busy, 1.0) < PULSE, False)
    lines = np.concatenate([[0.0], grid.times[grid.positions == 1], [duration]])
    out = []
    for first, end in np.flatnonzero(np.diff(none, prepend=False)).reshape(-1, 2):
        start, stop = (float(lines[np.abs(lines - at * HOP_SECONDS).argmin()]) for at in (first, end))
        if np.count_nonzero(sounds[first:end]) * HOP_SECONDS >= FREE_SECONDS and start < stop:
            out.append((start, stop))
    return tuple(out)


def _contrast(heard: F32, grid: BeatGrid, sounding: NDArray[np.bool_]) -> float:
    """How clearly the network hears the beats, 0..1: low for speech and noise, and for free rhythm."""
    steps = np.diff(grid.times[1:])  # the first beat lies where the first sound is
    wander = float(steps.std() / np.median(steps)) if len(steps) else 0.0
    return beat_confidence(1.0 - heard[:, 0], grid.times, BEAT_FPS, sounding) * min(1.0, WANDER / max(wander, 1e-9))


def tatums(front: FrontEnd, heard: F32 | None = None) -> Floats:
    """Tatums over the whole song in seconds. Raises NoBeats as `track`."""
    return _tatums(front, heard)[0]


def _tatums(front: FrontEnd, heard: F32 | None) -> tuple[Floats, Curve, NDArray[np.bool_]]:
    """Tatums, the local tempo, and which frames (10 ms) sound."""
    if front.duration < SHORTEST_SECONDS or float(front.onset_strength.max()) < FAINTEST:
        raise NoBeats("there is next to nothing to hear a beat in")
    played, fps, sounding = strengths(front, heard)
    times, curve = tatum.find(played, fps, sounding)
    if len(times) < 8:
        raise NoBeats("no beat was found")
    return _cover(times, front.duration), curve, sounding


def strengths(front: FrontEnd, heard: F32 | None) -> tuple[list[Floats], float, NDArray[np.bool_]]:
    """How strong an onset and how likely a beat each frame is, in units of its spread; frames a second; which sound."""
    frames = np.arange(round(front.duration * BEAT_FPS) + 1)
    sounding = _sounding(front, len(frames))
    onsets = front.onset_strength.astype(np.float64)
    # A rise seen between two frames was heard in their middle.
    out = [np.interp(frames / BEAT_FPS, (np.arange(len(onsets)) - 0.5) / FPS, onsets)]
    if heard is not None:
        out.append(np.interp(frames, np.arange(len(heard)), 1.0 - heard[:, 0]))
    return [x / max(float(x[sounding].std()), 1e-9) for x in out], BEAT_FPS, sounding


def even(duration: float) -> BeatGrid:
    """A time base for what has no beat at all: 120 BPM from the start, as in an empty session, without bars."""
    times = np.arange(0.0, max(duration, 120 / EVEN_BPM) + 1e-9, 60 / EVEN_BPM)
    return BeatGrid(times, np.zeros(len(times), np.int64))


def _sounding(front: FrontEnd, frames: int) -> NDArray[np.bool_]:
    """Which of the frames (10 ms) are no silence; all where too little sounds to measure anything by it."""
    if np.count_nonzero(front.sounding) < SHORTEST_SECONDS * FPS:
        return np.ones(frames, bool)
    at = nearest_frame(np.arange(frames) / BEAT_FPS)
    return np.asarray(front.sounding[np.minimum(at, len(front.sounding) - 1)])


def _cover(times: Floats, duration: float) -> Floats:
    """Go on evenly to both ends of the song; music that begins on a beat is heard a moment after it."""
    step_first, step_last = np.median(np.diff(times[:17])), np.median(np.diff(times[-17:]))
    before = np.arange(times[0] - step_first, -BAR_LINE_SECONDS, -step_first)[::-1]
    after = np.arange(times[-1] + step_last, duration, step_last)
    covered = np.concatenate([before, times, after])
    return np.asarray(np.maximum(covered[covered >= -BAR_LINE_SECONDS], 0.0))
