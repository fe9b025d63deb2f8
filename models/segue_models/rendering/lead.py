"""The lead of a rendered song: an instrument that is played, and when it is really heard."""

from pathlib import Path

import numpy as np

from segue_models.rendering.mix import Samples, envelope
from segue_models.rendering.notes import END, PITCH, START, Floats, Part
from segue_models.rendering.synth import render

# General MIDI programs that can carry a song, and the MIDI pitch about which each sounds natural.
PROGRAMS = {
    52: 64, 53: 66, 54: 66, 85: 67, 64: 72, 65: 67, 66: 62, 67: 55, 73: 76, 40: 72, 41: 62, 71: 66, 68: 71, 56: 67,
    59: 69, 22: 70, 74: 77, 75: 74, 79: 76, 80: 70, 81: 68, 82: 70, 87: 64, 42: 56,
}  # fmt: skip
_VOICES = (52, 53, 54, 85)
_AUDIBLE = 10 ** (-20 / 20)  # of the loudest moment of a note
_FRAME_S = 0.01


def program(rng: np.random.Generator) -> int:
    """A General MIDI program for the lead; in one song of three one of the voices."""
    choices = _VOICES if rng.random() < 0.35 else tuple(PROGRAMS)
    return int(choices[int(rng.integers(len(choices)))])


def octave(pitches: Floats, centre: float) -> float:
    """The whole octaves, in semitones, that bring the median of `pitches` nearest to `centre`."""
    return 12.0 * round((centre - float(np.median(pitches))) / 12) if len(pitches) else 0.0


def sounding(stem: Samples, table: Floats) -> Floats:
    """When each note (notes, 4) is heard in the dry stem: (heard, 2) seconds; notes too quiet to hear are left out.

    From the first to the last 10 ms frame within 20 dB of the note's peak, looking 120 ms before its start (a singer's
    consonant comes before the beat) and 400 ms after its end (releases), but never into its neighbours.
    """
    env = envelope(stem)
    if not len(env) or not len(table) or env.max() <= 0:
        return np.empty((0, 2))
    floor = env.max() * 10 ** (-40 / 20)
    spans = []
    for i, row in enumerate(table):
        before = table[i - 1, END] if i else 0.0
        after = table[i + 1, START] if i + 1 < len(table) else np.inf
        first = int(max(row[START] - 0.12, min(before, row[START]), 0.0) / _FRAME_S)
        last = int(min(row[END] + 0.4, max(after, row[START] + 0.05)) / _FRAME_S)
        core = env[int(row[START] / _FRAME_S) : int(row[END] / _FRAME_S) + 1]
        if not len(core) or core.max() < floor:
            continue
        heard = np.flatnonzero(env[first:last] >= core.max() * _AUDIBLE)
        if len(heard):
            spans.append(((first + heard[0]) * _FRAME_S, (first + heard[-1] + 1) * _FRAME_S))
    return np.asarray(sorted(spans), dtype=np.float64).reshape(-1, 2)


def attack(stem: Samples, table: Floats) -> float:
    """Median seconds from the written start of the notes that follow silence to within 10 dB of their peak."""
    env, delays = envelope(stem), []
    for i, row in enumerate(table):
        if i and row[START] - table[i - 1, END] < 0.15:
            continue
        core = env[int(row[START] / _FRAME_S) : int(row[END] / _FRAME_S) + 1]
        if len(core) > 2 and core.max() > 0:
            delays.append(float(np.argmax(core >= core.max() * 10 ** (-10 / 20))) * _FRAME_S)
    return float(np.median(delays)) if delays else 0.0


def play(table: Floats, gm: int, font: Path, seconds: float) -> tuple[Samples, Floats]:
    """The melody on one program: dry audio and the intervals heard, (heard, 2) seconds.

    A program with a slow attack (the oohs) is played ahead by it, as a player would, so that it is heard on the beat.
    """
    moved = table.copy()
    moved[:, PITCH] += octave(table[:, PITCH], PROGRAMS.get(gm, 67))
    stem = render([Part(moved, gm)], font, seconds)
    if (late := attack(stem, moved)) > 0.03:
        moved[:, START] = np.maximum(moved[:, START] - min(late - 0.01, 0.2), 0)
        moved[:-1, END] = np.minimum(moved[:-1, END], np.maximum(moved[1:, START], moved[:-1, START] + 0.05))
        stem = render([Part(moved, gm)], font, seconds)
    return stem, sounding(stem, moved)
