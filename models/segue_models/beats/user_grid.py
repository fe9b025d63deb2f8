"""The user's grid: what they say of tempo, metre and downbeats is taken as told, and the rest is found in the music."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import metre, tracking
from segue_models.beats.tatum import near
from segue_models.signal.frames import BAR_LINE_SECONDS, BEAT_FPS, BeatGrid
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 20.0, 600.0
LONGEST_BEAT_SECONDS, MOST_BEATS = 12.0, 100_000  # of a tempo map, where the music may stand still
QUARTERS_A_MINUTE = 1.0, 6000.0  # between two points of it
FARTHEST = 1e7  # seconds and quarter notes
METER_BEATS, METER_UNITS = range(2, 13), (2, 4, 8, 16)
MAP_BEATS, MAP_UNITS = range(1, 65), (1, 2, 4, 8, 16, 32)
MOST_SHIFT_BEATS = 64
SLOWEST_EIGHTHS_BPM = 150.0  # a bar of 6/8 takes 2.4 s at most
LATE_SECONDS = 1.0  # by which the last note of a tempo map's file may begin after the recording's end
PHASE_SECONDS, WIDTH_SECONDS = 0.002, 0.015  # in which a phase is looked for, and what is played together
AGREES = 0.3  # of how far found beats stand out from chance: .23 at most when .5 % off the tempo of 11 songs


class BadGrid(ValueError):
    """A grid that cannot be; the message is one sentence for the user."""


@dataclass(frozen=True)
class TempoMap:
    """Where quarter notes stand, as sequencers have it.

    points: (seconds of the recording, quarter notes), two at least, both growing; between them, and beyond both ends,
    the tempo stays. signatures: (quarter notes, beats, note that is a beat), one at least, growing; each begins a bar.
    first_bar: number of the bar that the first one begins; last_note: seconds at which the last note of its file
    begins, 0 where it has none. Raises BadGrid on anything else.
    """

    points: tuple[tuple[float, float], ...]
    signatures: tuple[tuple[float, int, int], ...] = ((0.0, 4, 4),)
    first_bar: int = 1
    last_note: float = 0.0

    def __post_init__(self) -> None:
        if len(self.points) < 2 or not _growing(self.points, 0) or not _growing(self.points, 1):
            raise BadGrid("a tempo map needs two points at least, each later than the one before in seconds and beats")
        slopes = (60 * (q - p) / (b - a) for (a, p), (b, q) in pairwise(self.points))
        for bpm in slopes:
            if not QUARTERS_A_MINUTE[0] <= bpm <= QUARTERS_A_MINUTE[1]:
                raise BadGrid(f"the tempo map has a tempo of {bpm:g} quarter notes a minute, which no music has")
        if not self.signatures or not _growing(self.signatures, 0):
            raise BadGrid("a tempo map needs one time signature at least, each after the one before")
        for _, beats, unit in self.signatures:
            if beats not in MAP_BEATS or unit not in MAP_UNITS:
                raise BadGrid(f"the tempo map has a bar of {beats}/{unit}, which is none that can be counted")


@dataclass(frozen=True)
class UserGrid:
    """What the user says of the beats of a recording; None and 0 for what they do not say.

    bpm: beats a minute, all the way; meter: beats in a bar and the note that is a beat (4 a quarter, 8 an eighth);
    downbeat: where a bar begins, in seconds of the recording; tempo: corrects the tempo that was found; shift: beats by
    which the grid is moved to later, after all else. Raises BadGrid on what cannot be.
    """

    bpm: float | None = None
    meter: tuple[int, int] | None = None
    downbeat: float | None = None
    tempo_map: TempoMap | None = None
    tempo: Literal["double", "half"] | None = None
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.bpm is not None and not SLOWEST_BPM <= self.bpm <= FASTEST_BPM:
            raise BadGrid(f"{self.bpm:g} beats a minute are no tempo: give {SLOWEST_BPM:g} to {FASTEST_BPM:g}")
        if self.meter is not None and (self.meter[0] not in METER_BEATS or self.meter[1] not in METER_UNITS):
            units = " or ".join(map(str, METER_UNITS))
            advice = f"give {METER_BEATS[0]} to {METER_BEATS[-1]} notes of 1/{units}, as 3/4 or 6/8"
            raise BadGrid(f"{self.meter[0]}/{self.meter[1]} is no metre: {advice}")
        if self.downbeat is not None and not math.isfinite(self.downbeat):
            raise BadGrid(f"{self.downbeat:g} is no time of a downbeat: give seconds of the recording")
        if self.tempo not in (None, "double", "half"):
            raise BadGrid(f"a tempo is corrected to double or half, not {self.tempo!r:.50}")
        if not abs(self.shift) <= MOST_SHIFT_BEATS:
            raise BadGrid(f"a grid is shifted by at most {MOST_SHIFT_BEATS} beats, not {self.shift:g}")
        if self.tempo_map and (self.bpm or self.meter or self.downbeat is not None or self.tempo):
            raise BadGrid("a tempo map says tempo, metre and downbeats: leave out the others, or the map")
        if self.bpm and self.tempo:
            raise BadGrid("double and half correct a tempo that was found: give the right one alone")

    @property
    def says_tempo(self) -> bool:
        """Whether no beat need be found."""
        return self.bpm is not None or self.tempo_map is not None

    def later(self, seconds: float) -> "UserGrid":
        """The same grid in a recording that begins so much earlier."""
        downbeat = None if self.downbeat is None else self.downbeat + seconds
        if self.tempo_map is None:
            return replace(self, downbeat=downbeat)
        points = tuple((at + seconds, quarter) for at, quarter in self.tempo_map.points)
        return replace(self, tempo_map=replace(self.tempo_map, points=points))

    def check(self, duration: float) -> None:
        """Raise BadGrid where it cannot be that of a recording of so many seconds."""
        if self.downbeat is not None and not 0 <= self.downbeat <= duration:
            raise BadGrid(f"a downbeat at {self.downbeat:g} s is outside the recording, which has {duration:.1f} s")
        if self.tempo_map is not None and self.tempo_map.last_note > duration + LATE_SECONDS:
            late = f"has a note at {self.tempo_map.last_note:.1f} s, but the recording ends at {duration:.1f} s"
            raise BadGrid(f"the tempo map {late}: give the map of this recording")
        if self.tempo_map is not None:
            _mapped(self.tempo_map, duration)


def make(user: UserGrid, found: BeatGrid, front: FrontEnd, heard: F32 | None, lead: float = 0.0) -> BeatGrid:
    """The grid as told, and for what is not told as `found`; times in seconds of what `front` heard.

    heard: what the network of beats says, (frames, 3) at 100 a second; lead: seconds of silence before the music.
    Beats reach from there, or from the first bar of a tempo map, to the end. Raises BadGrid.
    """
    if user.tempo_map is not None:
        grid = _mapped(user.tempo_map, front.duration)
    else:
        grid = found
        if user.bpm is not None:
            grid = _constant(60 / user.bpm, front, heard, lead)
        elif user.tempo is not None:
            step = 0.5 if user.tempo == "double" else 2.0
            first = int(np.argmax(found.positions == 1)) % 2 if step > 1 else 0
            grid = _cut(found, np.arange(first - 4, len(found.times) + 4, step), lead, front.duration)
        if user.meter is not None:
            metred = _metred(grid, user.meter, user.bpm is not None, front, heard)
            grid = _within(metred, lead, front.duration)
        elif grid is not found:
            grid = metre.bars(front, grid.times, heard, metre.METRES if user.tempo is None else found.bar_lengths)
        if user.downbeat is not None:
            grid = _through(grid, user.downbeat, lead, front.duration)
    if not user.shift:
        return grid
    return _shifted(grid, user.shift, lead if user.tempo_map is None else -math.inf, front.duration)


def agreement(grid: BeatGrid, found: BeatGrid, front: FrontEnd, heard: F32 | None) -> float:
    """How far what is played on the beats of a grid stands out from chance, as a share of those that were found."""
    strength = _strength(front, heard)

    chance = float(near(strength, BEAT_FPS, np.arange(len(strength)) / BEAT_FPS).mean())

    def stands_out(times: Floats) -> float:
        inside = times[(times >= 0) & (times <= front.duration)]
        return float(near(strength, BEAT_FPS, inside).mean()) - chance if len(inside) else 0.0

    return stands_out(grid.times) / max(stands_out(found.times), 1e-9)


def _constant(step: float, front: FrontEnd, heard: F32 | None, lead: float) -> BeatGrid:
    """Beats of one tempo, `step` seconds each, where most is played: the best comb of all that have that step."""
    strength = _strength(front, heard)
    bins = math.ceil(step / PHASE_SECONDS)
    phase = np.arange(len(strength)) / BEAT_FPS / step % 1
    played = np.bincount((phase * bins).astype(np.int64), weights=strength, minlength=bins)[:bins]
    off = np.minimum(np.arange(bins), bins - np.arange(bins)) * step / bins
    spread = np.fft.rfft(np.exp(-0.5 * (off / WIDTH_SECONDS) ** 2))
    best = int(np.argmax(np.fft.irfft(np.fft.rfft(played) * spread, bins))) * step / bins
    two = BeatGrid(np.array([best, best + step]), np.array([1, 2]))
    first, last = (math.floor((at - best) / step) for at in (lead, front.duration))
    return _cut(two, np.arange(first - 1, last + 3), lead, front.duration)


def _strength(front: FrontEnd, heard: F32 | None) -> Floats:
    """How strongly anything begins at each frame (10 ms), (frames,), and how likely a beat is."""
    return np.asarray(np.sum(tracking.strengths(front, heard)[0], axis=0))


def _metred(grid: BeatGrid, meter: tuple[int, int], counted: bool, front: FrontEnd, heard: F32 | None) -> BeatGrid:
    """Bars of the metre over beats, each of which is its note where it was `counted` so.

    Else eighths are quicker than most beats that are found: one of those is three of 6/8, 9/8 or 12/8, and two of 7/8.
    """
    beats, unit = meter
    compound = beats % 3 == 0 and beats > 3
    slow = not counted and unit == 8 and beats > 3 and grid.tempo_bpm < SLOWEST_EIGHTHS_BPM
    part = 1 if not slow else 3 if compound else 2
    if beats % part:  # their bars begin between beats, too
        halves = np.arange(len(grid.times) * part - part + 1) / part
        grid, part = BeatGrid(grid.seconds(halves), np.zeros(len(halves), np.int64)), 1
    barred = metre.bars(front, grid.times, heard, [beats // part])
    notes = np.arange(len(barred.times) * part)
    positions = (notes - part * int(np.argmax(barred.positions == 1))) % beats + 1
    return BeatGrid(barred.seconds(notes / part), positions, beats, unit)


def _through(grid: BeatGrid, downbeat: float, lead: float, duration: float) -> BeatGrid:
    """The grid moved by less than a beat, so that one lies on the downbeat, and its bars so that one begins there.

    Where its metre changes it still does, as many beats earlier or later.
    """
    phase = float(grid.phase(downbeat))
    beats = np.arange(min(0, math.floor(phase)) - 2, max(len(grid.times), math.ceil(phase)) + 3)
    nearest = round(phase)
    times = grid.seconds(beats + phase - nearest)
    times[beats == nearest] = downbeat
    since, length = (round(float(of)) for of in grid.place(grid.seconds(nearest)))
    since -= length if 2 * since > length else 0  # to the nearest bar line
    positions = np.rint(grid.bar_and_beat(grid.seconds(beats - since))[1]).astype(np.int64)
    return _within(replace(grid, times=times, positions=positions), lead, duration)


def _shifted(grid: BeatGrid, shift: float, lead: float, duration: float) -> BeatGrid:
    """Every beat so many beats later, with its place in the bar; with the number of its bar where `lead` is -inf."""
    spare = math.ceil(abs(shift)) + 1
    beats = np.arange(-spare, len(grid.times) + spare)
    bar, place = grid.bar_and_beat(grid.seconds(beats))
    positions = np.rint(place).astype(np.int64)
    moved = replace(grid, times=grid.seconds(beats + shift), positions=positions)
    if lead == -math.inf and (positions == 1).any():
        moved = replace(moved, first_bar=int(bar[np.argmax(positions == 1)]))
    return _within(moved, lead, duration)


def _cut(grid: BeatGrid, phases: Floats | NDArray[np.int64], lead: float, duration: float) -> BeatGrid:
    """Beats at these positions in beats of a grid, those in the music."""
    return _within(BeatGrid(grid.seconds(phases), np.zeros(len(phases), np.int64)), lead, duration)


def _within(grid: BeatGrid, lead: float, duration: float) -> BeatGrid:
    """The beats in the music, two at least."""
    first = min(int(np.searchsorted(grid.times, lead - BAR_LINE_SECONDS)), len(grid.times) - 2)
    last = max(int(np.searchsorted(grid.times, duration)), first + 2)
    return replace(grid, times=grid.times[first:last], positions=grid.positions[first:last])


def _mapped(tempo_map: TempoMap, duration: float) -> BeatGrid:
    """The beats of a tempo map up to the end, from its first bar, or from the bar in which the music begins."""
    seconds, quarters = np.array(tempo_map.points, np.float64).T
    begin, end = _line(np.array([0.0, duration]), seconds, quarters)
    (at, count, unit), *later = tempo_map.signatures
    ahead = max(0, math.ceil((at - begin) * unit / 4 / count - 1e-6))  # bars before the first signature
    signatures = [(at - ahead * count * 4 / unit, count, unit), *later]
    stops = [*(at for at, _, _ in later), math.inf]
    counts = [
        max(0, math.ceil((min(stop, end) - at) * unit / 4 - 1e-6))
        for (at, _, unit), stop in zip(signatures, stops, strict=True)
    ]
    if sum(counts) > MOST_BEATS:
        raise BadGrid(f"the tempo map has more than {MOST_BEATS:,} beats up to the end of this recording")
    places, positions = [], []
    for (at, beats, unit), count in zip(signatures, counts, strict=True):
        places.append(at + np.arange(count) * 4 / unit)
        positions.append(np.arange(count) % beats + 1)
    times = _line(np.concatenate(places), quarters, seconds)
    if len(times) < 2:
        raise BadGrid("the tempo map has fewer than two beats in this recording")
    steps = np.diff(times)
    if not 60 / FASTEST_BPM <= steps.min() <= steps.max() <= LONGEST_BEAT_SECONDS:
        limits = f"{60 / FASTEST_BPM:g} to {LONGEST_BEAT_SECONDS:g} s"
        raise BadGrid(f"the tempo map has beats of {steps.min():g} to {steps.max():g} s, and {limits} can be counted")
    metres = {(beats, unit): 0 for _, beats, unit in signatures}
    for (_, beats, unit), count in zip(signatures, counts, strict=True):
        metres[beats, unit] += count
    beats, unit = max(metres, key=lambda metre: metres[metre])
    return BeatGrid(times, np.concatenate(positions), beats, unit, tempo_map.first_bar - ahead)


def _line(x: Floats, xs: Floats, ys: Floats) -> Floats:
    """Straight lines from point to point, the first and the last going on for ever."""
    i = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    return np.asarray(ys[i] + (x - xs[i]) * (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


def _growing(rows: Sequence[Sequence[float]], column: int) -> bool:
    values = [row[column] for row in rows]
    return all(abs(value) <= FARTHEST for value in values) and all(a < b for a, b in pairwise(values))
