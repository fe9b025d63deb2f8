"""A score played by strings, piano, guitar, pads, brass or a mixture, its chords in a figure of its metre."""

from dataclasses import dataclass

import numpy as np

from segue_models.rendering import mix
from segue_models.rendering.arrange import humanised, voicing
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import END, START, VELOCITY, Floats, Part, notes
from segue_models.rendering.score import Score
from segue_models.rendering.synth import SOUNDFONTS, render, soundfont
from segue_models.signal.frames import RATE_HZ

Rng = np.random.Generator
_TAIL_S = 2.0


@dataclass(frozen=True)
class Ensemble:
    """General MIDI programs (0 to 127) for the melody, the chords and the bass, and the figures its chords play."""

    leads: tuple[int, ...]
    chords: tuple[int, ...]
    basses: tuple[int, ...]
    figures: tuple[str, ...]


FIGURES = ("held", "blocks", "oompah", "arpeggio")
ENSEMBLES = {
    "strings": Ensemble((40, 41, 42, 48), (48, 49, 44, 45), (42, 43, 48), FIGURES),
    "piano": Ensemble((0, 1, 2, 4, 5), (0, 1, 2, 4, 5), (0, 1, 2), FIGURES),
    "guitar": Ensemble((24, 25, 26), (24, 25, 26, 27), (32, 33, 24), FIGURES),
    "pads": Ensemble((80, 82, 85, 90, 95), (88, 89, 90, 91, 92, 94, 95, 50), (38, 39, 89), ("held",)),
    "brass": Ensemble((56, 57, 60), (61, 60, 57), (58, 43), ("held", "blocks", "oompah")),
    "mixture": Ensemble((73, 68, 71, 40, 60, 11, 22), (48, 46, 0, 52, 19, 24), (43, 58, 32, 70), FIGURES),
}


def chords(score: Score, figure: str, parts: int, strong: tuple[int, ...], rng: Rng) -> Floats:
    """The chords of a score in one of FIGURES: held, on each beat, on the weak beats, or one tone after the other.

    parts: what a beat divides into; strong: places in the bar, from 0, where a group of beats begins.
    """
    low, pedal, again = int(rng.integers(48, 60)), rng.random() < 0.5, rng.random() < 0.6
    rows: list[tuple[float, float, float, float]] = []
    for chord in score.chords:
        first, last = (round(float(p) * parts) for p in score.grid.phase([chord.start, chord.end]))
        tones, turn = voicing(chord, low), 0
        for step in range(first, last):
            place, part = _place(score, step // parts), step % parts
            begins, weak = part == 0, place not in strong
            if figure == "oompah" and len(strong) == score.grid.beats_per_bar:
                weak, begins = True, part > 0  # every beat is strong: what comes between is weak
            if figure == "arpeggio":
                turn = 0 if place in strong and part == 0 else turn
                played, length = [[*tones, tones[0] + 12][turn % (len(tones) + 1)]], last - step if pedal else 1
                turn += 1
            elif figure == "held":
                bar = begins and place == 0 and again
                played, length = tones if step == first or bar else [], last - step
            else:
                played, length = tones if begins and (weak or figure == "blocks") else [], parts
            loud = 64 + 10 * (begins and place == 0) + 5 * (begins and place in strong) + float(rng.uniform(-6, 6))
            rows += [(step / parts, (step + 0.9 * length) / parts, float(p), loud) for p in played]
    return _in_seconds(score, rows)


def bass(score: Score, strong: tuple[int, ...], rng: Rng) -> Floats:
    """The bass of each chord where groups of beats begin; the fifth within the bar in some songs."""
    fifths, rows = rng.random() < 0.5, []
    for chord in score.chords:
        first, last = (round(float(p)) for p in score.grid.phase([chord.start, chord.end]))
        struck = [b for b in range(first, last) if b == first or _place(score, b) in strong]
        for begin, end in zip(struck, [*struck[1:], last], strict=False):
            low = 36 + (chord.bass - 36) % 12 + (7 if fifths and begin > first and _place(score, begin) else 0)
            rows.append((float(begin), begin + 0.9 * (end - begin), float(low), float(rng.uniform(70, 95))))
    return _in_seconds(score, rows)


def _place(score: Score, beat: int) -> int:
    """Place in the bar, from 0, of a beat of the grid or beyond it."""
    grid = score.grid
    known = min(max(beat, 0), len(grid.times) - 1)
    place = int(grid.positions[known]) - 1 + beat - known
    return place if beat == known else place % grid.beats_per_bar


def _in_seconds(score: Score, rows: list[tuple[float, float, float, float]]) -> Floats:
    table = notes(rows)
    table[:, START], table[:, END] = score.grid.seconds(table[:, START]), score.grid.seconds(table[:, END])
    return table[table[:, START] >= 0]


def swelling(stem: Samples, starts: Floats) -> Samples:
    """The audio growing from each of the times (s) to the next, from a tenth of its level."""
    edges = np.unique(np.concatenate([[0.0], starts, [len(stem) / RATE_HZ]]))
    at = np.sort(np.concatenate([edges[:-1] + 0.02, edges[1:] - 0.02]))
    gains = np.tile([0.1, 1.0], len(edges) - 1)
    return np.asarray(stem * np.interp(np.arange(len(stem)) / RATE_HZ, at, gains), dtype=np.float32)


def play(score: Score, parts: int, strong: tuple[int, ...], rng: Rng, drums: Floats | None = None) -> Samples:
    """A finished song of a score: melody, chords and bass by one ensemble in one room, and `drums` (notes, 4) if any.

    A few have no chords, or no melody. parts, strong: as in `chords`. Raises FileNotFoundError without fluidsynth.
    """
    ensemble = ENSEMBLES[str(rng.choice(list(ENSEMBLES)))]
    figure, jitter = str(rng.choice(ensemble.figures)), float(rng.choice([0.003, 0.01, 0.02]))
    font, draw = soundfont(str(rng.choice(SOUNDFONTS, p=[0.5, 0.4, 0.1]))), rng.random()
    seconds = float(score.grid.seconds(float(len(score.grid.times)))) + _TAIL_S
    tables = [
        (dynamic(score.melody, rng), ensemble.leads, 0.0),
        (chords(score, figure, parts, strong, rng), ensemble.chords, float(rng.uniform(-8, 1))),
        (bass(score, strong, rng), ensemble.basses, float(rng.uniform(-6, 0))),
    ]
    if draw < 0.15 and score.chords:
        tables = tables[1:] if draw < 0.08 else tables[::2]
    if drums is not None:
        tables.append((drums, (0, 8, 16, 25, 32, 40), float(rng.uniform(-4, 3))))
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for table, programs, level_db in tables:
        kit = table is drums
        part = Part(humanised(table, rng, jitter) if len(table) else table, int(rng.choice(programs)), kit)
        stem = mix.scaled(render([part], font, seconds), -22.0 + level_db)
        if programs == ensemble.chords and figure == "held" and rng.random() < 0.4:
            stem = swelling(stem, table[:, START])
        out += stem
    out = mix.room(mix.equalised(out, rng), rng, float(rng.uniform(0.4, 2.5)), float(rng.uniform(-26, -8)))
    return mix.master(out, rng)


def dynamic(table: Floats, rng: Rng) -> Floats:
    """The notes, softer, growing and fading slowly by up to 0.35 of their velocity."""
    new = table.copy()
    slow = np.sin(2 * np.pi * (table[:, START] / float(rng.uniform(6, 25)) + float(rng.random())))
    new[:, VELOCITY] = np.clip(table[:, VELOCITY] * (0.85 + float(rng.uniform(0, 0.35)) * slow), 20, 127)
    return new
