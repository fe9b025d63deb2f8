"""Electronic songs to a click that break down for a minute: what is left there tells a wrong beat, or none at all.

All of the music is generated. Four kinds: hats and bass on the off-beats alone, eight bars of silence, drums in half
time, a pad alone; before and after it plays with all its drums.
"""

import hashlib
from pathlib import Path

import numpy as np

from segue_models.rendering import analog, electronic, mix
from segue_models.rendering.arrange import pad_of
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats, notes
from segue_models.rendering.score import Chord, Score
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track

VERSION = 1
LICENCE = "generated"
KINDS = ("offbeat", "silence", "halftime", "pad")
EACH, TESTED = 10, 6  # songs of a kind; those of them set aside for tests
FULL_SECONDS, BROKEN_SECONDS, SILENT_BARS = 28.0, 60.0, 8
_DEGREES = ((0, 7, 9, 5), (9, 5, 0, 7), (0, 5, 9, 7), (9, 7, 5, 7), (2, 9, 5, 0))  # semitones above the key, a bar each
_MINOR = (2, 4, 9)

Rng = np.random.Generator


def kind(name: str) -> str:
    """What is left in the breakdown of a song."""
    return name.split("-")[0]


def split(name: str) -> str:
    """`test` for six songs of each kind, else `train`."""
    return "test" if int(name.split("-")[1]) >= EACH - TESTED else "train"


def chosen() -> list[str]:
    """The names of the songs."""
    return [f"{kind}-{number}" for kind in KINDS for number in range(EACH)]


def seeded(name: str) -> Rng:
    """What draws a song."""
    return np.random.default_rng(int(hashlib.sha256(f"segue breakdown {name}".encode()).hexdigest()[:15], 16))


def plan(name: str, rng: Rng) -> tuple[BeatGrid, int, int]:
    """The beats of a song, and the beats at which its breakdown begins and ends."""
    bpm = float(rng.uniform(100, 150))
    bpm = round(bpm) if rng.random() < 0.6 else bpm
    full = round(FULL_SECONDS * bpm / 240) + 2 * rng.integers(0, 3, 2)  # bars before and after
    broken = SILENT_BARS if kind(name) == "silence" else round(BROKEN_SECONDS * bpm / 240)
    count = 4 * int(full.sum() + broken)
    times = float(rng.uniform(0.0, 2.0)) + np.arange(count) * 60 / bpm
    return BeatGrid(times, np.arange(count) % 4 + 1), 4 * int(full[0]), 4 * int(full[0] + broken)


def harmony(grid: BeatGrid, rng: Rng) -> Score:
    """Four chords over and over, one in a bar or in two, without a melody."""
    key, degrees, beats = int(rng.integers(12)), _DEGREES[int(rng.integers(len(_DEGREES)))], int(rng.choice([4, 4, 8]))
    chords = []
    for number, first in enumerate(range(0, len(grid.times), beats)):
        degree = degrees[number % 4]
        root = key + degree
        tones = tuple((root + step) % 12 for step in (0, 3 if degree in _MINOR else 4, 7))
        start, end = grid.seconds([first, min(first + beats, len(grid.times))])
        chords.append(Chord(float(start), float(end), tones, root % 12))
    empty = np.empty((0, 4))
    return Score(empty, empty, empty, tuple(chords), grid, np.empty(0), ())


def breakdown(kind: str, score: Score, at: Floats, seconds: float, rng: Rng) -> Samples:
    """What plays in the breakdown, whose beats are `at`; -20 dB, or silence."""
    beat = float(at[1] - at[0])
    hat_hz, out = (float(rng.uniform(5000, 9000)), 16000.0), np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    lows = {float(c.start): 28.0 + (c.bass - 28) % 12 for c in score.chords}
    starts = np.array(list(lows))

    def bass(times: Floats, length: float) -> Samples:
        below = [lows[float(starts[max(np.searchsorted(starts, t, side="right") - 1, 0)])] for t in times + 0.02]
        table = notes([(t, t + length, low, 100.0) for t, low in zip(times, below, strict=True)])
        return mix.scaled(analog.play(table, analog.patch("bass", rng), seconds, rng), -22.0)

    if kind == "offbeat":
        hats = analog.burst(at + beat / 2, seconds, hat_hz, float(rng.uniform(0.02, 0.06)), rng)
        out = mix.scaled(hats, -24.0) + bass(at + beat / 2, 0.4 * beat)
    if kind == "halftime":
        hats = analog.burst(at, seconds, hat_hz, float(rng.uniform(0.02, 0.06)), rng)
        snare = analog.burst(at[2::4], seconds, (400.0, 9000.0), 0.1, rng)
        drums = [(analog.kick(at[::4], seconds, rng), -16.0), (snare, -20.0), (hats, -30.0)]
        out = np.sum([mix.scaled(*drum) for drum in drums], axis=0, dtype=np.float32) + bass(at[::2], 1.6 * beat)
    if kind == "pad":
        table = pad_of(score, rng)
        inside = table[electronic.within(table[:, 0], np.array([[at[0], at[-1] + beat / 2]]))]
        out = mix.room(analog.play(inside, analog.patch("pad", rng), seconds, rng), rng, 2.0, -8.0)
    return mix.scaled(np.asarray(out, dtype=np.float32), -20.0)


def make(name: str) -> tuple[Track, Samples]:
    """One song: the same for the same name, always."""
    rng = seeded(name)
    grid, first, last = plan(name, rng)
    score, beats = harmony(grid, rng), float(len(grid.times))
    begin, end, close = (float(t) for t in grid.seconds([float(first), float(last), beats]))
    full, seconds = np.array([[0.0, begin], [end, close]]), close + 1.0
    on = {layer: full for layer in electronic.SHARES}
    before, _ = electronic.backing(score, grid, on, seconds, rng)
    before = mix.scaled(before, -20.0)
    if kind(name) == "silence":
        edges = np.array([begin - 0.01, begin, end - 0.02, end - 0.01])
        before *= np.interp(np.arange(len(before)) / RATE_HZ, edges, [1.0, 0.0, 0.0, 1.0]).astype(np.float32)
    audio = before + breakdown(kind(name), score, grid.times[first:last], seconds, rng)
    track = Track(
        name=name, corpus="breakdowns", artist=name, licence=LICENCE, audio=Path(), lead=np.empty((0, 2)), grid=grid,
        trainable=True,
    )  # fmt: skip
    return track, mix.master(audio, rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The forty songs, generated into `cache` where missing; `root` is not read."""
    return rendered(make, chosen(), cache / "breakdowns", VERSION, jobs, "Breakdowns")
