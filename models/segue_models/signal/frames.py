"""The only place that converts between frames, samples, seconds and beats.

Every other module speaks seconds (float64) at its border.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE_HZ = 44100
WINDOW = 2048  # samples, 46.4 ms (Stoller et al., section 3.2)
HOP = 1024  # samples, 23.2 ms
FPS = RATE_HZ / HOP  # 43.066 frames per second
BEAT_HOP = 441  # samples, 10 ms: what the beat networks hear (specs 4.1)
BEAT_FPS = RATE_HZ / BEAT_HOP
BAR_LINE_SECONDS = 0.06
PLACE_BEATS = 1 / 8
ROW_FRAMES = 6  # frames pooled into a row of what the sections' network hears (Ullrich 2014; specs 4.3)

Floats = NDArray[np.float64]


def frame_count(samples: int, hop: int = HOP) -> int:
    """Number of centred frames of a signal of `samples` samples (frame i is centred on sample i * hop)."""
    return 1 + samples // hop


def frame_times(frames: int) -> Floats:
    """Centre times of `frames` frames in seconds."""
    return np.arange(frames, dtype=np.float64) / FPS


def nearest_frame(seconds: ArrayLike) -> NDArray[np.int64]:
    """Index of the frame whose centre is nearest to each time in seconds."""
    return np.rint(np.asarray(seconds, dtype=np.float64) * FPS).astype(np.int64)


@dataclass(frozen=True)
class BeatGrid:
    """Beats of one recording and their place in the bar.

    times: (beats,) seconds, strictly increasing, at least two; positions: (beats,) 1 is the downbeat, which begins a
    bar however long the one before was; beats_per_bar: beats of most bars; beat_unit: the note that is a beat, 4 is a
    quarter; first_bar: number of the bar that the first downbeat begins; free: (start, end) in seconds of parts without
    a pulse, in which bars are counted on but none is claimed. Raises ValueError on anything else.
    """

    times: Floats
    positions: NDArray[np.int64]
    beats_per_bar: int = 4
    beat_unit: int = 4
    first_bar: int = 1
    free: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.beats_per_bar < 1 or self.beat_unit < 1:
            raise ValueError(f"a bar of {self.beats_per_bar} beats of 1/{self.beat_unit} is none")
        if self.times.ndim != 1 or len(self.times) < 2 or len(self.positions) != len(self.times):
            raise ValueError("a beat grid needs at least two beats, and one bar position for each")
        if not np.all(np.isfinite(self.times)) or np.any(np.diff(self.times) <= 0):
            raise ValueError("beat times must be finite and strictly increasing")

    def later(self, seconds: float) -> "BeatGrid":
        """The same beats, all later by so much."""
        free = tuple((start + seconds, end + seconds) for start, end in self.free)
        return replace(self, times=self.times + seconds, free=free)

    def after(self, seconds: float) -> "BeatGrid":
        """The beats from there on, with one that lies a moment before, which is heard there. Raises ValueError."""
        kept = self.times >= seconds - BAR_LINE_SECONDS
        return replace(self, times=np.maximum(self.times[kept], seconds), positions=self.positions[kept])

    @property
    def barless(self) -> bool:
        """Whether no bar begins anywhere: a time base for music without a pulse, whose places are all alike."""
        return not (self.positions == 1).any()

    def claimed(self, seconds: ArrayLike) -> NDArray[np.bool_]:
        """Whether a bar is claimed at each time: nowhere where there is no pulse."""
        t = np.asarray(seconds, dtype=np.float64)
        out = np.full(t.shape, not self.barless)
        for start, end in self.free:
            out &= (t < start) | (t >= end)
        return out

    @property
    def bar_lengths(self) -> list[int]:
        """Beats of its bars, each number once: of most, and of others from one downbeat to the next."""
        return sorted({self.beats_per_bar, *np.diff(np.flatnonzero(self.positions == 1)).tolist()})

    @property
    def tempo_bpm(self) -> float:
        """Median tempo in beats per minute."""
        return float(60.0 / np.median(np.diff(self.times)))

    def phase(self, seconds: ArrayLike) -> Floats:
        """Position of each time in beats: piecewise linear, extrapolated at both ends (specs 1.2)."""
        t = np.asarray(seconds, dtype=np.float64)
        out = np.interp(t, self.times, np.arange(len(self.times), dtype=np.float64))
        first, last = self.times[1] - self.times[0], self.times[-1] - self.times[-2]
        out = np.where(t < self.times[0], (t - self.times[0]) / first, out)
        return np.where(t > self.times[-1], len(self.times) - 1 + (t - self.times[-1]) / last, out)

    def seconds(self, phase: ArrayLike) -> Floats:
        """Inverse of `phase`: time in seconds of each position in beats."""
        p = np.asarray(phase, dtype=np.float64)
        out = np.interp(p, np.arange(len(self.times), dtype=np.float64), self.times)
        first, last = self.times[1] - self.times[0], self.times[-1] - self.times[-2]
        out = np.where(p < 0, self.times[0] + p * first, out)
        end = len(self.times) - 1
        return np.where(p > end, self.times[-1] + (p - end) * last, out)

    def bar_and_beat(self, seconds: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
        """Bar number (the first downbeat begins `first_bar`) and beat in the bar (1.0 is the downbeat)."""
        # Rounding keeps an onset a hair before the downbeat in the bar an editor would name.
        bar, since, _ = self._places(np.round(self.phase(seconds), 2))
        return bar + self.first_bar, np.round(since + 1.0, 2)

    def place(self, seconds: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
        """Beats since the bar line before each time, and beats of that bar: 0 and 1 where no bar is claimed."""
        _, since, length = self._places(self.phase(seconds))
        claimed = self.claimed(seconds)
        return np.where(claimed, since, 0.0), np.where(claimed, length, 1)

    def weakness(self, seconds: ArrayLike) -> NDArray[np.int64]:
        """0 on a downbeat, 1 in the middle of a bar of even metre, 2 on other beats, 3 between two, 4 elsewhere.

        A time is on a place that it is an eighth of a beat from.
        """
        since, length = self.place(seconds)
        out = np.full(since.shape, 4)
        steps = np.broadcast_arrays(0.5, 1.0, np.where(length % 2 == 0, length / 2, length), length)
        for weakness, step in zip((3, 2, 1, 0), steps, strict=True):
            out[np.abs(since - np.rint(since / step) * step) <= PLACE_BEATS] = weakness
        return out

    def to_bar_line(self, seconds: ArrayLike) -> Floats:
        """Each time, or the bar line that it is played on: nobody hears 60 ms as another bar."""
        t = np.asarray(seconds, dtype=np.float64)
        phase = self.phase(t)
        _, since, length = self._places(phase)
        nearest = np.rint(phase - since) + np.rint(since / length) * length
        line = self.seconds(np.maximum(nearest, self._downbeats()[0]))
        return np.where(self.claimed(line) & (np.abs(t - line) <= BAR_LINE_SECONDS), line, t)

    def _places(self, phase: Floats) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        """Bars since the first downbeat, beats since the bar line, and beats of the bar, of each position in beats.

        Before the first downbeat and after the last, bars go on as most are.
        """
        lines = self._downbeats()
        last = max(self.beats_per_bar, int(self.positions[-1]) if self.positions[lines[0]] == 1 else 0)
        lengths = np.concatenate([[self.beats_per_bar], np.diff(lines), [last]])
        bar = np.searchsorted(lines, phase, side="right")
        length, line = lengths[bar], lines[np.maximum(bar - 1, 0)]
        more = np.where((bar == 0) | (bar == len(lines)), np.floor((phase - line) / length), 0).astype(np.int64)
        return np.maximum(bar - 1, 0) + more, phase - line - more * length, length

    def _downbeats(self) -> NDArray[np.int64]:
        """Which beats begin bars, (bars,): the first one where none is said to."""
        downbeats = np.flatnonzero(self.positions == 1)
        return downbeats if len(downbeats) else np.zeros(1, np.int64)


def grid_from_downbeats(times: Sequence[float], positions: Sequence[int]) -> BeatGrid:
    """BeatGrid from annotated beats; the metre is the largest bar position that occurs in most bars."""
    pos = np.asarray(positions, dtype=np.int64)
    ends = pos[:-1][pos[1:] == 1] if len(pos) > 1 else pos
    metre = int(np.bincount(ends).argmax()) if len(ends) else 4
    return BeatGrid(np.asarray(times, dtype=np.float64), pos, metre)
