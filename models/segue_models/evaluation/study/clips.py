"""What the annotator hears of a cut: four beats, the cut itself, four beats."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue_models.serving.inference import Network
from segue_models.signal import audio
from segue_models.signal.audio import AudioError
from segue_models.signal.frames import BeatGrid
from segue_models.song import Song
from segue_models.song import hear as hear_song
from segue_models.track import Track
from segue_models.transitions import pairs, splice
from segue_models.transitions.splice import LEAST_SECONDS, Splice

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BEATS = 4  # on either side
EDGE_S = 0.005  # the ends of a clip are faded, or they would click
CLICK_HZ, CLICK_S, CLICK_LEVEL = 2000.0, 0.03, 0.5


@dataclass(frozen=True)
class Marked:
    """A track, what is heard of it, and its beats in seconds of the recording: annotated, else tracked."""

    track: Track
    song: Song
    grid: BeatGrid


@dataclass(frozen=True)
class Clip:
    """samples: (n, channels) within -1..1; join: seconds in them; partner: where the cut comes from or goes to.

    partner: seconds of the song; None where none fits, and a click marks the cut.
    """

    samples: F32
    rate_hz: int
    join: float
    partner: float | None


def hear(track: Track, beat_network: Network | None) -> Marked:
    """The recording of a track, as serving hears it. Raises ValueError where it cannot be read or has no beats."""
    heard = hear_song(audio.read([track.audio]), beat_network)
    if track.grid is not None:
        return Marked(track, heard, track.grid)
    if heard.beats is None:
        raise ValueError(f"{track.name} has no steady beat")
    return Marked(track, heard, heard.beats.grid.later(heard.start))


def render(marked: Marked, role: str, time: float, others: Floats, scores: Floats) -> Clip:
    """The clip of a cut at `time` seconds; others: times of good cuts of the other role, scores: theirs.

    An exit goes to the entry, and an entry comes from the exit, that makes the best transition. Raises AudioError.
    """
    partner = _partner(marked, role, time, others, scores)
    if partner is not None:
        leave, enter = (time, partner) if role == "exit" else (partner, time)
        try:
            cut = splice.plan([marked.track.audio], leave, enter, 60 / marked.grid.tempo_bpm)
            return Clip(*_around(marked, cut), partner)
        except AudioError:  # a cut at the very start or end; a file that cannot be read fails again below
            pass
    last = audio.info([marked.track.audio]).duration - LEAST_SECONDS
    at = float(np.clip(time, LEAST_SECONDS, last))
    samples, rate_hz, join = _around(marked, Splice(at, at, 0.0, 0.0, 1.0), clicked=True)
    return Clip(samples, rate_hz, join, None)


def _partner(marked: Marked, role: str, time: float, others: Floats, scores: Floats) -> float | None:
    """The other side of the best transition, among those with enough music around them to be judged by."""
    song, grid = marked.song, marked.grid
    ends = song.start + np.array([0.0, song.duration])
    first, last = grid.seconds(grid.phase(ends) + np.array([BEATS, -BEATS]))
    roomy = (others >= first) & (others <= last)

    def cuts(times: Floats, scores: Floats) -> pairs.Cuts:
        return pairs.cuts(times - song.start, scores, song.front_end, grid.later(-song.start)).later(song.start)

    there, this = cuts(others[roomy], scores[roomy]), cuts(np.array([time]), np.ones(1))
    exits, entries = (this, there) if role == "exit" else (there, this)
    best = pairs.between(exits, entries, grid, 1)
    if not best:
        return None
    return float(entries.times[best[0].entry] if role == "exit" else exits.times[best[0].exit])


def _around(marked: Marked, cut: Splice, clicked: bool = False) -> tuple[F32, int, float]:
    grid = marked.grid
    before = cut.leave - float(grid.seconds(grid.phase(cut.leave) - BEATS))
    after = float(grid.seconds(grid.phase(cut.enter) + BEATS)) - cut.enter
    samples, rate_hz, join = splice.render([marked.track.audio], cut, before, after)
    edge = min(round(EDGE_S * rate_hz), len(samples) // 2)
    ramp = (np.arange(edge, dtype=np.float32) / edge)[:, None]
    samples[:edge] *= ramp
    samples[len(samples) - edge :] *= ramp[::-1]
    if clicked:
        t = np.arange(round(CLICK_S * rate_hz)) / rate_hz
        click = CLICK_LEVEL * np.exp(-5 * t / CLICK_S) * np.cos(2 * np.pi * CLICK_HZ * t)
        room = samples[round(join * rate_hz) :][: len(click)]
        room += click[: len(room), None].astype(np.float32)
    return samples / max(1.0, float(np.abs(samples).max())), rate_hz, join
