"""Drums: human performances of the Groove MIDI data set, laid on the beats of a song."""

import csv
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from segue_models.rendering.notes import END, START, VELOCITY, Floats, notes
from segue_models.signal.frames import BeatGrid

# Roland TD-11 pads that General MIDI names otherwise (Gillick et al. 2019, table 2).
_TO_GM = {22: 42, 26: 46, 58: 43, 40: 38}
_CRASH = 49
_STYLES = ("rock", "pop", "funk", "soul", "hiphop", "dance", "reggae", "latin", "country", "punk", "gospel", "blues")


@dataclass(frozen=True)
class Take:
    """One performance: note table with times in beats from its first downbeat, its tempo and length in beats."""

    notes: Floats
    bpm: float
    beats: float


@lru_cache(maxsize=2)
def _index(archive: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(archive) as z:
        rows = list(csv.DictReader(io.StringIO(z.read("info.csv").decode())))
    keep = [r for r in rows if r["time_signature"] == "4-4" and r["style"].split("/")[0] in _STYLES]
    return sorted(keep, key=lambda r: r["id"])


def find(archive: Path, kind: str, bpm: float, rng: np.random.Generator) -> Take:
    """A random take of `kind` ("beat" or "fill") whose tempo is near `bpm`, or near its half or double."""
    rows = _index(archive)
    least = 16 if kind == "beat" else 2
    near = [
        row
        for row in rows
        if row["beat_type"] == kind
        and min(abs(np.log2(float(row["bpm"]) / bpm / f)) for f in (0.5, 1, 2)) < 0.35
        and float(row["duration"]) * float(row["bpm"]) / 60 >= least
    ]
    row = near[int(rng.integers(len(near)))]
    return _read(archive, row["midi_filename"], float(row["bpm"]))


@lru_cache(maxsize=256)
def _read(archive: Path, name: str, bpm: float) -> Take:
    with zipfile.ZipFile(archive) as z:
        file = mido.MidiFile(file=io.BytesIO(z.read(name)))
    rows, tick = [], 0
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        if message.type == "note_on" and message.velocity:
            beat = tick / file.ticks_per_beat
            rows.append((beat, beat + 0.2, float(_TO_GM.get(message.note, message.note)), float(message.velocity)))
    table = notes(rows)
    table[:, [START, END]] -= _ahead(table[:, START])
    return Take(table, bpm, float(table[-1, START]) if len(table) else 0.0)


def _ahead(beats: Floats) -> float:
    """By how many beats (within an eighth) the hits of a take lie off the sixteenths of its click: circular mean."""
    turn = np.mean(np.exp(2j * np.pi * 4 * beats)) if len(beats) else 0.0
    return float(np.angle(turn)) / (2 * np.pi * 4)


def _window(take: Take, first: float, length: float) -> Floats:
    """Notes of the take from beat `first`, `length` beats long, with times from 0 (or just below)."""
    part = take.notes[(take.notes[:, START] >= first - 0.12) & (take.notes[:, START] < first + length - 0.12)].copy()
    part[:, [START, END]] -= first
    return part


def loop(take: Take, beats: int, rng: np.random.Generator) -> Floats:
    """`beats` beats of a take (times in beats): a whole number of its bars, repeated as a drummer would."""
    bars = max(int(take.beats // 4), 1)
    span = min(int(rng.choice([4, 8])), bars)
    first = 4 * int(rng.integers(bars - span + 1))
    window = _window(take, float(first), 4.0 * span)
    laps = -(-beats // (4 * span))
    shift = np.array([1.0, 1.0, 0.0, 0.0])
    whole = np.concatenate([window + lap * 4 * span * shift for lap in range(laps)])
    return whole[whole[:, START] < beats - 0.12]


def accompany(
    grid: BeatGrid, sections: list[tuple[int, int, float]], archive: Path, rng: np.random.Generator
) -> Floats:
    """Drum notes (notes, 4) in seconds for sections (first beat, last beat, intensity 0 to 1; 0 is silent).

    Sections of one intensity share a take; some end with a fill, and some begin with a crash.
    """
    takes: dict[float, Take] = {}
    bpm = grid.tempo_bpm
    fills, crashes = rng.random() < 0.8, rng.random() < 0.7
    rows: list[Floats] = []
    for first, last, intensity in sections:
        if intensity <= 0 or last <= first:
            continue
        if intensity not in takes:
            takes[intensity] = find(archive, "beat", bpm, rng)
        part = loop(takes[intensity], last - first, rng)
        if fills and last - first >= 8 and rng.random() < 0.75:
            fill = find(archive, "fill", bpm, rng)
            length = float(rng.choice([1, 2, 4]))
            offset = max(np.floor(fill.beats) + 1 - length, 0)  # the fill's own last beats, up to its bar line
            new = _window(fill, offset, length)
            new[:, [START, END]] += last - first - length
            part = np.concatenate([part[part[:, START] < last - first - length - 0.12], new])
        if crashes and rng.random() < 0.7:
            part = np.concatenate([part, [[0.0, 1.0, _CRASH, 90.0 + 30 * rng.random()]]])
        part = part.copy()
        part[:, VELOCITY] = np.clip(part[:, VELOCITY] * (0.6 + 0.5 * intensity), 1, 127)
        part[:, [START, END]] += first
        rows.append(part)
    table = np.concatenate(rows) if rows else np.empty((0, 4))
    table[:, START], table[:, END] = grid.seconds(table[:, START]), grid.seconds(table[:, END])
    return notes([tuple(row) for row in table if row[START] >= 0])
