"""Score of a POP909 song: melody, second voice, piano, chords, beats and phrases, read from the published files."""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from segue_models.rendering.notes import END, PITCH, START, Floats, notes
from segue_models.signal.frames import BeatGrid

_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUALITY = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "sus2": (0, 2, 7), "sus4": (0, 5, 7), "dim": (0, 3, 6), "aug": (0, 4, 8),
    "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10), "7": (0, 4, 7, 10), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9),
    "sus4(b7)": (0, 5, 7, 10), "dim7": (0, 3, 6, 9), "hdim7": (0, 3, 6, 10), "minmaj7": (0, 3, 7, 11),
}  # fmt: skip
_BASS = {"3": 4, "b3": 3, "5": 7, "7": 11, "b7": 10, "2": 2, "4": 5, "6": 9}


@dataclass(frozen=True)
class Chord:
    """One chord from `start` to `end` seconds: pitch classes of its tones and of its bass."""

    start: float
    end: float
    tones: tuple[int, ...]
    bass: int


@dataclass(frozen=True)
class Score:
    """One song: note tables (notes, 4) in seconds, chords, beats with bar positions, section boundaries and labels."""

    melody: Floats
    bridge: Floats
    piano: Floats
    chords: tuple[Chord, ...]
    grid: BeatGrid
    sections: Floats
    labels: tuple[str, ...]

    def retimed(self, to: Callable[[Floats], Floats], transpose: int = 0) -> "Score":
        """The score with every time t at to(t) (increasing) and every pitch `transpose` semitones higher."""

        def table(old: Floats) -> Floats:
            new = old.copy()
            new[:, START], new[:, END] = to(old[:, START]), to(old[:, END])
            new[:, PITCH] += transpose
            return new[(new[:, PITCH] >= 0) & (new[:, PITCH] < 128)]

        def chord(c: Chord) -> Chord:
            start, end = to(np.array([c.start, c.end]))
            tones = tuple((p + transpose) % 12 for p in c.tones)
            return Chord(float(start), float(end), tones, (c.bass + transpose) % 12)

        return replace(
            self,
            melody=table(self.melody), bridge=table(self.bridge), piano=table(self.piano),
            chords=tuple(chord(c) for c in self.chords),
            grid=replace(self.grid, times=to(self.grid.times)),
            sections=to(self.sections),
        )  # fmt: skip

    def excerpt(self, first: int, last: int) -> "Score":
        """Beats `first` to `last` (exclusive) alone, still at their own times; notes that start outside are dropped."""
        times = self.grid.times
        begin = times[first] - 0.05
        end = self.grid.seconds(float(last)) - 0.05

        def table(old: Floats) -> Floats:
            new = old[(old[:, START] >= begin) & (old[:, START] < end)].copy()
            new[:, END] = np.minimum(new[:, END], end + 0.05)
            return np.asarray(new)

        keep = np.flatnonzero((self.sections >= begin) & (self.sections < end))
        grid = replace(self.grid, times=times[first:last], positions=self.grid.positions[first:last])
        return replace(
            self,
            melody=table(self.melody), bridge=table(self.bridge), piano=table(self.piano),
            chords=tuple(c for c in self.chords if c.end > begin + 0.1 and c.start < end),
            grid=grid, sections=self.sections[keep], labels=tuple(self.labels[i] for i in keep),
        )  # fmt: skip


def parse_chord(name: str) -> tuple[tuple[int, ...], int] | None:
    """Pitch classes and bass of a chord name such as `Bb:min7/5`; None for no chord."""
    if name in ("N", "X", ""):
        return None
    root_name, _, rest = name.partition(":")
    quality, _, bass = rest.partition("/")
    root = _PITCH_CLASS[root_name[0]] + root_name.count("#") - root_name.count("b")
    tones = tuple((root + step) % 12 for step in _QUALITY.get(quality, (0, 4, 7)))
    return tones, (root + _BASS.get(bass, 0)) % 12


def midi_tables(file: mido.MidiFile) -> dict[str, Floats]:
    """Note table of every named track of a MIDI file with one tempo map, in seconds."""
    tempi = [(0, 500_000)]
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempi.append((tick, message.tempo))
    tempi.sort(key=lambda pair: pair[0])
    ticks = np.array([t for t, _ in tempi], dtype=np.float64)
    rate = np.array([us for _, us in tempi], dtype=np.float64) / 1e6 / file.ticks_per_beat
    at = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * rate[:-1])])

    def seconds(tick: int) -> float:
        k = int(np.searchsorted(ticks, tick, side="right")) - 1
        return float(at[k] + (tick - ticks[k]) * rate[k])

    tables = {}
    for track in file.tracks:
        rows, sounding, tick = [], {}, 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                sounding[message.note] = (tick, message.velocity)
            elif message.type in ("note_on", "note_off") and message.note in sounding:
                start, velocity = sounding.pop(message.note)
                rows.append((seconds(start), seconds(tick), float(message.note), float(velocity)))
        tables[track.name] = notes(rows)
    return tables


@lru_cache(maxsize=2)
def _phrases(root: Path) -> dict[str, tuple[Floats, tuple[str, ...]]]:
    found: dict[str, tuple[list[float], list[str]]] = {}
    with (root / "phrase_starts_seconds.csv").open() as file:
        for row in csv.DictReader(file):
            if row["labelling"] == "human_label1":
                times, labels = found.setdefault(row["song"], ([], []))
                times.append(float(row["start_time_beat"]))
                labels.append(row["phrase"])
    return {song: (np.array(times), tuple(labels)) for song, (times, labels) in found.items()}


def songs(root: Path) -> list[str]:
    """Names of the POP909 songs with aligned phrases under `root` (the data set's folder)."""
    return sorted(_phrases(root))


def read(root: Path, song: str) -> Score:
    """Score of one POP909 song in the time of its MIDI. Raises ValueError if its phrases do not start on downbeats."""
    with zipfile.ZipFile(root / "pop909_midi_beats.zip") as archive:
        midi = mido.MidiFile(file=io.BytesIO(archive.read(f"{song}/{song}.mid")))
        beats = np.loadtxt(io.BytesIO(archive.read(f"{song}/beat_midi.txt")))
        chord_lines = archive.read(f"{song}/chord_midi.txt").decode().split("\n")
    tables = midi_tables(midi)
    sections, labels = _phrases(root)[song]
    grid = BeatGrid(beats[:, 0], _positions(beats, sections, song), 4)
    chords = []
    for line in chord_lines:
        cells = line.split()
        if len(cells) == 3 and (parsed := parse_chord(cells[2])) is not None:
            chords.append(Chord(float(cells[0]), float(cells[1]), *parsed))
    return Score(tables["MELODY"], tables["BRIDGE"], tables["PIANO"], tuple(chords), grid, sections, labels)


def _positions(beats: Floats, sections: Floats, song: str) -> NDArray[np.int64]:
    """Bar positions from the phrases: the place in four that most phrases start at is the downbeat."""
    nearest = np.array([int(np.argmin(np.abs(beats[:, 0] - t))) for t in sections])
    votes = np.bincount(nearest % 4, minlength=4)
    if votes.max() < 0.9 * len(nearest) or len(nearest) < 3:
        raise ValueError(f"POP909 song {song}: its phrases do not start at one place in the bar")
    return (np.arange(len(beats)) - int(votes.argmax())) % 4 + 1
