"""The only place that converts between frames, samples, seconds and beats.

Every other module speaks seconds (float64) at its border.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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

    times: (beats,) seconds, strictly increasing, at least two; positions: (beats,) 1 is the downbeat;
    beats_per_bar: the metre of the song. Raises ValueError on anything else.
    """

    times: Floats
    positions: NDArray[np.int64]
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        if self.beats_per_bar < 1:
            raise ValueError(f"a bar of {self.beats_per_bar} beats is none")
        if self.times.ndim != 1 or len(self.times) < 2 or len(self.positions) != len(self.times):
            raise ValueError("a beat grid needs at least two beats, and one bar position for each")
        if not np.all(np.isfinite(self.times)) or np.any(np.diff(self.times) <= 0):
            raise ValueError("beat times must be finite and strictly increasing")

    def later(self, seconds: float) -> "BeatGrid":
        """The same beats, all later by so much."""
        return BeatGrid(self.times + seconds, self.positions, self.beats_per_bar)

    def after(self, seconds: float) -> "BeatGrid":
        """The beats from there on, with one that lies a moment before, which is heard there. Raises ValueError."""
        kept = self.times >= seconds - BAR_LINE_SECONDS
        return BeatGrid(np.maximum(self.times[kept], seconds), self.positions[kept], self.beats_per_bar)

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
        """Bar number (first downbeat starts bar 1; a pick-up has 0) and beat in the bar (1.0 is the downbeat)."""
        # Rounding keeps an onset a hair before the downbeat in the bar an editor would name.
        since = np.round(self.phase(seconds) - self._first_downbeat(), 2)
        bar = np.floor(since / self.beats_per_bar).astype(np.int64)
        return bar + 1, np.round(since - bar * self.beats_per_bar + 1.0, 2)

    def weakness(self, seconds: ArrayLike) -> NDArray[np.int64]:
        """0 on a downbeat, 1 in the middle of a bar of even metre, 2 on other beats, 3 between two, 4 elsewhere.

        A time is on a place that it is an eighth of a beat from.
        """
        since = self.phase(seconds) - self._first_downbeat()
        out = np.full(since.shape, 4)
        middle = [(1, self.beats_per_bar / 2)] if self.beats_per_bar % 2 == 0 else []
        for weakness, step in [(3, 0.5), (2, 1.0), *middle, (0, float(self.beats_per_bar))]:
            out[np.abs(since - np.rint(since / step) * step) <= PLACE_BEATS] = weakness
        return out

    def to_bar_line(self, seconds: ArrayLike) -> Floats:
        """Each time, or the bar line that it is played on: nobody hears 60 ms as another bar."""
        t, first = np.asarray(seconds, dtype=np.float64), self._first_downbeat()
        bars = np.maximum(np.rint((self.phase(t) - first) / self.beats_per_bar), 0)
        line = self.seconds(first + bars * self.beats_per_bar)
        return np.where(np.abs(t - line) <= BAR_LINE_SECONDS, line, t)

    def _first_downbeat(self) -> int:
        downbeats = np.flatnonzero(self.positions == 1)
        return int(downbeats[0]) if len(downbeats) else 0


def grid_from_downbeats(times: Sequence[float], positions: Sequence[int]) -> BeatGrid:
    """BeatGrid from annotated beats; the metre is the largest bar position that occurs in most bars."""
    pos = np.asarray(positions, dtype=np.int64)
    ends = pos[:-1][pos[1:] == 1] if len(pos) > 1 else pos
    metre = int(np.bincount(ends).argmax()) if len(ends) else 4
    return BeatGrid(np.asarray(times, dtype=np.float64), pos, metre)
