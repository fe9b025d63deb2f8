"""Songs in 5/4, 7/8, 6/8, 3/4, or 4/4 and 3/4 in turn, made of the harmony of lead sheets, half of them with drums.

The chords are OpenEWLD's, a bar or two each; the melody is made of their tones in a rhythm that belongs to the metre.
The beat of 7/8 is the eighth, that of 6/8 three eighths, else the quarter.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from segue_models.corpora import openewld
from segue_models.rendering import chamber
from segue_models.rendering.arrange import voicing
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import END, START, Floats, notes
from segue_models.rendering.score import Chord, Score
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

VERSION = 1
MAX_SECONDS = 75.0
EACH = 20  # songs of a metre with drums, and as many without
# The groups of beats that a bar may be made of, the parts of a beat, the slowest and the fastest tempo of the beat.
METRES = {
    "5/4": (((3, 2), (2, 3)), 2, 80.0, 200.0), "7/8": (((2, 2, 3), (3, 2, 2)), 1, 150.0, 220.0),
    "6/8": (((1, 1),), 3, 45.0, 115.0), "3/4": (((3,),), 2, 80.0, 190.0), "changing": (((4,), (3,)), 2, 80.0, 190.0),
}  # fmt: skip
SECTION_BARS = 8  # of one metre in a song of changing ones
_KICK, _SNARE, _HAT = 36.0, 38.0, 42.0

Rng = np.random.Generator
Bars = list[tuple[int, ...]]
"""The groups of beats of each bar."""


def _seed(name: str) -> int:
    return int(hashlib.sha256(f"segue odd {name}".encode()).hexdigest()[:15], 16)


def kind(name: str) -> str:
    """The metre of a song, and whether it has drums."""
    metre, drums, _ = name.split("-")
    return f"{metre.replace('_', '/')} {drums}"


def split(name: str) -> str:
    """`train` (half), `validation` (one in ten) or `test`, by the song's number."""
    number = int(name.split("-")[2])
    return "train" if number < EACH // 2 else "validation" if number < EACH // 2 + EACH // 10 else "test"


def chosen() -> list[str]:
    """The names of the songs."""
    return [
        f"{metre.replace('/', '_')}-{drums}-{number}"
        for number in range(EACH) for metre in METRES for drums in ("drums", "plain")
    ]  # fmt: skip


def written(groupings: Sequence[tuple[int, ...]], beats: int) -> Bars:
    """As many bars as there are beats for: all of one grouping, or SECTION_BARS of each in turn."""
    out: Bars = []
    while True:
        groups = groupings[len(out) // SECTION_BARS % len(groupings)]
        beats -= sum(groups)
        if beats < 0:
            return out
        out.append(groups)


def counted(bars: Bars, times: Floats) -> BeatGrid:
    """Beats at these times with their places in the bars; the metre is that of most bars."""
    lengths = [sum(groups) for groups in bars]
    positions = np.concatenate([np.arange(length) + 1 for length in lengths])
    return BeatGrid(times[: len(positions)], positions, int(np.bincount(lengths).argmax()))


def song(chords: tuple[Chord, ...], grid: BeatGrid, bars: Bars, parts: int, rng: Rng) -> Score:
    """The tones of the chords, in turn, on these beats, with a melody; each chord has a bar, or two."""
    firsts, long = np.flatnonzero(grid.positions == 1), int(rng.choice([1, 1, 2]))
    lines = grid.seconds([*firsts, len(grid.times)])
    placed = tuple(
        Chord(float(start), float(end), c.tones, c.bass)
        for bar, (start, end) in enumerate(pairwise(lines))
        for c in [chords[bar // long % len(chords)]]
    )
    motifs = {groups: [_rhythm(groups, parts, rng) for _ in range(2)] for groups in dict.fromkeys(bars)}
    rows, low, tone = [], int(rng.integers(60, 72)), 0
    for bar, (first, chord) in enumerate(zip(firsts, placed, strict=True)):
        tones = voicing(chord, low)
        for begin, end in motifs[bars[bar]][(0, 0, 1, 0)[bar % 4]]:
            tone = int(np.clip(tone + rng.integers(-2, 3), 0, len(tones) - 1))
            pitch = float(tones[tone] + (12 if rng.random() < 0.1 else 0))
            rows.append((float(first + begin), float(first + begin + 0.9 * (end - begin)), pitch, 90.0))
    melody = notes(rows)
    melody[:, START], melody[:, END] = grid.seconds(melody[:, START]), grid.seconds(melody[:, END])
    empty = np.empty((0, 4))
    return Score(melody, empty, empty, placed, grid, np.empty(0), ())


def _rhythm(groups: tuple[int, ...], parts: int, rng: Rng) -> list[tuple[float, float]]:
    """Notes of a bar (start, end in beats): always where a group begins, sometimes between."""
    starts, at = [], 0
    for group in groups:
        inner = [at + k / parts for k in range(1, group * parts) if rng.random() < (0.5 if k % parts == 0 else 0.25)]
        starts += [float(at), *inner]
        at += group
    return list(zip(starts, [*starts[1:], float(at)], strict=True))


def drums(grid: BeatGrid, bars: Bars, parts: int) -> Floats:
    """A beat for the metre: the bass drum opens a bar, the snare its other groups or beats, hats go through."""
    rows = []
    for first, groups in zip(np.flatnonzero(grid.positions == 1), bars, strict=True):
        for place in range(sum(groups)):
            beat = float(first + place)
            rows += [(beat + part / parts, 0.0, _HAT, 75.0 if part else 90.0) for part in range(parts)]
            if len(groups) == 1 or place in begins(groups):
                rows.append((beat, 0.0, _SNARE if place else _KICK, 105.0))
    table = notes(rows)
    table[:, START] = grid.seconds(table[:, START])
    table[:, END] = table[:, START] + 0.2
    return table


def begins(groups: tuple[int, ...]) -> tuple[int, ...]:
    """Places in the bar, from 0, where its groups of beats begin."""
    return (0, *np.cumsum(groups)[:-1].tolist())


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song: the same for the same name, always."""
    rng = np.random.default_rng(_seed(name))
    of, drummed, _ = name.split("-")
    groupings, parts, slowest, fastest = METRES[of.replace("_", "/")]
    groups = groupings[int(rng.integers(len(groupings)))]
    bpm = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
    count = int((max_seconds - 4) * bpm / 60)
    times = float(rng.uniform(0.1, 1.5)) + np.arange(count) * 60 / bpm
    bars = written(groupings if of == "changing" else [groups], count)
    grid = counted(bars, times)
    sheets = [s for s in openewld.sheets(archive) if openewld.split(f"--{s}") == split(name)]
    harmony = openewld.score(archive, sheets[int(rng.integers(len(sheets)))])[0].chords
    made = song(harmony, grid, bars, parts, rng)
    track = Track(
        name=name, corpus="odd_metres", artist=name, licence=openewld.LICENCE, audio=Path(), lead=np.empty((0, 2)),
        grid=grid, trainable=True,
    )  # fmt: skip
    kit = drums(grid, bars, parts) if drummed == "drums" else None
    return track, chamber.play(made, parts, begins(groups), rng, kit)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """All songs, rendered into `cache` where missing."""
    work = partial(make, root / "openewld" / "openewld_mxl.zip", MAX_SECONDS)
    return rendered(work, chosen(), cache / "odd_metres", VERSION, jobs, "Odd metres")
