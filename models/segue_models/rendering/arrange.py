"""Arrangement: gives a score the instruments of a production, section by section, from one seed."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from segue_models.cuts.cut_rule import phrases
from segue_models.rendering import drums
from segue_models.rendering.notes import END, PITCH, START, VELOCITY, Floats, Part, notes
from segue_models.rendering.score import Chord, Score

Rng = np.random.Generator
_KEYS = (0, 1, 2, 4, 4, 5, 5, 6, 7, 11, 16, 18, 24, 25, 25, 26, 27)  # General MIDI programs, 0 is the grand piano
_COMP = (0, 4, 5, 16, 17, 18, 19, 24, 25, 26, 27, 28, 29, 30, 62, 63, 81, 90)
_PADS = (48, 49, 50, 51, 88, 89, 90, 91, 92, 94, 95, 16, 19)
_BASSES = (32, 33, 33, 34, 35, 36, 38, 38, 39)
_PLUCKED = (4, 11, 24, 25, 26, 27, 28, 29, 30, 45, 46, 104)
_ANSWERS = (*_PLUCKED, 40, 56, 57, 61, 62, 63, 65, 66, 73, 80, 81, 84)
_KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40)


@dataclass(frozen=True)
class Arrangement:
    """The parts of a song but its lead, by group: what is mixed, equalised and placed in the room together."""

    chords: list[Part]
    answers: list[Part]
    bass: list[Part]
    drums: list[Part]

    @property
    def parts(self) -> list[Part]:
        """All parts."""
        return [*self.chords, *self.answers, *self.bass, *self.drums]


def _pick(rng: Rng, programs: tuple[int, ...]) -> int:
    return int(programs[int(rng.integers(len(programs)))])


def _plan(score: Score, rng: Rng) -> list[tuple[int, int, float]]:
    """Sections as (first beat, last beat, intensity): those of one label share theirs, and some have no drums."""
    grid = score.grid
    inner = (round(float(p)) for p in grid.phase(score.sections))
    edges = sorted({0, len(grid.times), *(p for p in inner if 0 < p < len(grid.times))})
    by_label = {label: round(float(rng.uniform(0.3, 1.0)), 2) for label in sorted(set(score.labels))}
    spans = []
    for first, last in pairwise(edges):
        at = np.searchsorted(score.sections, grid.times[first] + 0.1) - 1
        label = score.labels[at] if at >= 0 else "i"
        intensity = by_label.get(label, 0.5)
        quiet = 0.35 if label in "io" else 0.1
        spans.append((first, last, 0.0 if rng.random() < quiet else intensity))
    return spans


def _bass(score: Score, rng: Rng) -> Floats:
    """A bass line from the chords: one of four figures a song, on the beats of the grid."""
    figure = rng.choice(["long", "eighths", "rootfifth", "dotted"])
    rows = []
    for chord in score.chords:
        low = 28 + (chord.bass - 28) % 12 + (12 if rng.random() < 0.05 else 0)
        first, last = score.grid.phase([chord.start, chord.end])
        first, last = round(float(first) * 2) / 2, round(float(last) * 2) / 2
        step = {"long": 99.0, "eighths": 0.5, "rootfifth": 1.0}.get(str(figure), 2.0)
        at = np.arange(0, last - first, step)
        if figure == "dotted":
            at = np.sort(np.concatenate([at, at[at + 1.5 < last - first] + 1.5]))
        for i, step in enumerate(at):
            begin = first + float(step)
            until = min(first + float(at[i + 1]) if i + 1 < len(at) else last, last)
            pitch = low + (7 if figure == "rootfifth" and i % 2 else 0)
            rows.append((begin, begin + (until - begin) * 0.92, float(pitch), float(rng.uniform(75, 110))))
    return _in_seconds(score, rows)


def _in_seconds(score: Score, rows: list[tuple[float, float, float, float]]) -> Floats:
    table = notes([row for row in rows if row[END] > row[START]])
    table[:, START], table[:, END] = score.grid.seconds(table[:, START]), score.grid.seconds(table[:, END])
    return table[table[:, START] >= 0]


def voicing(chord: Chord, low: int) -> list[int]:
    """The tones of a chord within the octave from the pitch `low` on."""
    return sorted(low + (tone - low) % 12 for tone in chord.tones)


def _comp(score: Score, rng: Rng) -> Floats:
    """Chords in one of five rhythmic figures a song."""
    figure, low = rng.choice(["held", "beats", "eighths", "arpeggio", "offbeat"]), int(rng.integers(50, 60))
    fine = float(rng.choice([0.25, 0.5]))
    rows: list[tuple[float, float, float, float]] = []
    for chord in score.chords:
        first, last = (round(float(p) * 2) / 2 for p in score.grid.phase([chord.start, chord.end]))
        tones = voicing(chord, low)
        step = {"held": last - first, "beats": 1.0, "eighths": 0.5, "arpeggio": fine, "offbeat": 1.0}[str(figure)]
        if step <= 0:
            continue
        for i, at in enumerate(np.arange(first, last, step)):
            begin = float(at) + (0.5 if figure == "offbeat" else 0.0)
            length = min(step * float(rng.uniform(0.6, 1.0)), last - begin)
            chosen = [[*tones, tones[0] + 12][i % (len(tones) + 1)]] if figure == "arpeggio" else tones
            loud = float(rng.uniform(60, 95))
            rows += [(begin + 0.01 * k, begin + length, float(p), loud) for k, p in enumerate(chosen)]
    return _in_seconds(score, rows)


def pad_of(score: Score, rng: Rng) -> Floats:
    """The chords held."""
    low = int(rng.integers(48, 64))
    rows = [(c.start, c.end, float(p), float(rng.uniform(55, 80))) for c in score.chords for p in voicing(c, low)]
    return notes([row for row in rows if row[START] >= 0])


def answers_of(score: Score, rng: Rng) -> Floats:
    """Licks on chord tones in the gaps of the melody: something melodic that is not the lead."""
    spans = phrases(score.melody[:, :2], score.grid)
    low, rows = int(rng.integers(57, 76)), []
    for end, start in zip(spans[:-1, 1], spans[1:, 0], strict=True):
        first, last = (float(p) for p in score.grid.phase([end, start]))
        if last - first < 1.5 or rng.random() < 0.35:
            continue
        at = np.ceil(first * 2 + 0.5) / 2
        stop = last if rng.random() < 0.5 else last - 0.5
        while at < stop - 0.4:
            time = float(score.grid.seconds(at))
            chord = next((c for c in score.chords if c.start <= time + 0.05 < c.end), None)
            length = float(rng.choice([0.5, 0.5, 1.0, 0.25]))
            if chord is not None and rng.random() < 0.85:
                tones = voicing(chord, low)
                pitch = float(tones[int(rng.integers(len(tones)))] + (2 if rng.random() < 0.2 else 0))
                rows.append((at, min(at + length, stop), pitch, float(rng.uniform(75, 105))))
            at += length
    return _in_seconds(score, rows)


def arrange(score: Score, groove: Path, rng: Rng, sung: bool) -> Arrangement:
    """The backing of a score (without its melody): chords, pads, answers, bass, and drums from the archive `groove`.

    Winds and synthesiser leads answer only a `sung` lead: nobody could tell them from a lead that is one of them.
    """
    answering = _ANSWERS if sung else _PLUCKED
    plan = _plan(score, rng)
    chords: list[Part] = []
    style = rng.random()
    if style < 0.7:
        chords.append(Part(score.piano, _pick(rng, _KEYS)))
    if style > 0.45:
        chords.append(Part(_comp(score, rng), _pick(rng, _COMP), level_db=float(rng.uniform(-8, 0))))
    if rng.random() < 0.55:
        pad = pad_of(score, rng)
        if rng.random() < 0.5:  # only where the section is strong, otherwise all the song
            strong = [score.grid.seconds([a, b]) for a, b, intensity in plan if intensity > 0.55]
            pad = pad[[any(a - 0.1 <= row[START] < b - 0.1 for a, b in strong) for row in pad]]
        chords.append(Part(pad, _pick(rng, _PADS), level_db=float(rng.uniform(-12, -3))))
    if rng.random() < 0.1:  # a choir that holds the chords all along: a voice that is not the lead
        chords.append(Part(pad_of(score, rng), int(rng.choice([52, 53, 54, 91])), level_db=float(rng.uniform(-16, -9))))
    answers: list[Part] = []
    if rng.random() < 0.5 and len(score.bridge):
        answers.append(Part(score.bridge, _pick(rng, answering), level_db=float(rng.uniform(-9, -1))))
    if rng.random() < 0.55:
        answers.append(Part(answers_of(score, rng), _pick(rng, answering), level_db=float(rng.uniform(-6, 1))))
    bass = [Part(_bass(score, rng), _pick(rng, _BASSES))] if rng.random() < 0.92 else []
    kit: list[Part] = []
    if rng.random() < 0.9:
        kit.append(Part(drums.accompany(score.grid, plan, groove, rng), _pick(rng, _KITS), drums=True))
    return Arrangement(chords, answers, bass, kit)


def humanised(table: Floats, rng: Rng, seconds: float = 0.012) -> Floats:
    """The notes with small random timing and loudness, starts never below 0."""
    new = table.copy()
    new[:, START] = np.maximum(new[:, START] + rng.normal(0, seconds, len(new)), 0)
    new[:, END] = np.maximum(new[:, END], new[:, START] + 0.05)
    new[:, VELOCITY] = np.clip(new[:, VELOCITY] + rng.normal(0, 8, len(new)), 20, 127)
    return notes([tuple(row) for row in new])


def harmony(score: Score, rng: Rng) -> Floats:
    """A second voice under part of the melody: the chord tone a third to a sixth below each note."""
    spans = phrases(score.melody[:, :2], score.grid)
    chosen = spans[rng.random(len(spans)) < 0.5]
    rows = []
    for row in score.melody:
        if not any(a <= row[START] < b for a, b in chosen):
            continue
        chord = next((c for c in score.chords if c.start <= row[START] + 0.05 < c.end), None)
        below = [d for d in range(3, 10) if chord is not None and int(row[PITCH] - d) % 12 in chord.tones]
        rows.append((row[START], row[END], row[PITCH] - (below[0] if below else 12), row[VELOCITY] * 0.8))
    return notes(rows)
