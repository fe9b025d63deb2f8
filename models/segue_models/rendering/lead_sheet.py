"""Lead sheets in compressed MusicXML: melody, chord symbols, metre and pick-up of the first part.

They are read once through, as written. Repeats and endings are not followed; keys, tempi, lyrics, dynamics, ornaments
and grace notes are not read. A sheet ends where its metre changes, or where a bar is not as long as its metre says.
"""

import io
import zipfile
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import numpy as np

from segue_models.rendering.notes import END, START, notes
from segue_models.rendering.score import Chord, Score
from segue_models.signal.frames import BeatGrid

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KINDS = {
    "minor": (0, 3, 7), "dominant": (0, 4, 7, 10), "major-seventh": (0, 4, 7, 11), "minor-seventh": (0, 3, 7, 10),
    "diminished": (0, 3, 6), "diminished-seventh": (0, 3, 6, 9), "half-diminished": (0, 3, 6, 10),
    "augmented": (0, 4, 8), "augmented-seventh": (0, 4, 8, 10), "major-sixth": (0, 4, 7, 9),
    "minor-sixth": (0, 3, 7, 9), "major-minor": (0, 3, 7, 11), "suspended-second": (0, 2, 7),
    "suspended-fourth": (0, 5, 7), "power": (0, 7), "dominant-ninth": (0, 4, 7, 10, 2), "major-ninth": (0, 4, 7, 11, 2),
    "minor-ninth": (0, 3, 7, 10, 2), "dominant-13th": (0, 4, 7, 10, 9),
}  # fmt: skip
_VELOCITY = 90.0


@dataclass(frozen=True)
class Metre:
    """What a time signature says: beats in a bar, quarter notes in a beat, and parts that a beat divides into.

    A beat of 6/8, 9/8 and 12/8 is three eighths.
    """

    beats: int
    quarters: float
    parts: int = 2

    @classmethod
    def of(cls, above: int, below: int) -> "Metre":
        """The metre of `above`/`below`."""
        if below == 8 and above in (6, 9, 12):
            return cls(above // 3, 1.5, 3)
        return cls(above, 4 / below)


def text(file: bytes) -> bytes:
    """The MusicXML in an .mxl file."""
    with zipfile.ZipFile(io.BytesIO(file)) as z:
        return z.read(next(n for n in z.namelist() if n.endswith("xml") and not n.startswith("META-INF")))


def read(file: bytes) -> tuple[Score, tuple[int, int]]:
    """The score and the time signature (above, below) of an .mxl file; times are in quarter notes from a bar line.

    The pick-up comes before the first whole bar. Raises ValueError where there is no melody of a bar at least.
    """
    part = ElementTree.fromstring(text(file)).find("part")
    reader = _Reader()
    for measure in part if part is not None else ():
        if not reader.add(measure):
            break
    return reader.score(), reader.signature


def repeated(score: Score, least: float) -> Score:
    """A score of `read` over and over, from its first bar line on, until it is `least` quarter notes long."""
    grid = score.grid
    first, beat = int(np.argmax(grid.positions == 1)), float(grid.times[1] - grid.times[0])
    bars = len(grid.times) - first
    rounds = max(1, int(np.ceil((least / beat - first) / bars)))
    shifts = np.arange(rounds) * bars * beat
    index = np.arange(first + rounds * bars)
    melody = np.concatenate([score.melody + np.array([shift, shift, 0.0, 0.0]) for shift in shifts])
    return replace(
        score,
        melody=notes([tuple(row) for row in melody]),
        chords=tuple(replace(c, start=c.start + s, end=c.end + s) for s in shifts for c in score.chords),
        grid=BeatGrid(grid.times[0] + index * beat, (grid.positions[0] - 1 + index) % grid.beats_per_bar + 1,
                      grid.beats_per_bar),
    )  # fmt: skip


class _Reader:
    """The bars read so far: their notes and chords in quarter notes, and where the next begins."""

    def __init__(self) -> None:
        self.signature = (0, 0)
        self._divisions, self._bar, self._at = 1.0, 0.0, 0.0
        self._notes: list[tuple[float, float, float]] = []
        self._tied: dict[float, int] = {}  # pitch: place among the notes
        self._chords: list[tuple[float, tuple[int, ...], int]] = []

    def add(self, measure: ElementTree.Element) -> bool:
        """Takes a measure; False, and nothing of it, where the sheet ends before it."""
        for found in measure.iterfind("attributes/divisions"):
            self._divisions = float(found.text or 1)
        for found in measure.iterfind("attributes/time"):
            signature = int(found.findtext("beats", "0")), int(found.findtext("beat-type", "4"))
            if self._bar and signature != self.signature:
                return False
            self.signature, self._bar = signature, signature[0] * 4 / signature[1]
        if not self._bar:
            return False
        length = self._length(measure)
        if not self._notes and not self._at and length < self._bar:
            self._at = self._bar - length  # a pick-up ends with its bar
        if self._at % self._bar + length > self._bar + 1e-6:
            return False
        self._read(measure)
        self._at = round(self._at + length, 6)
        return True

    def _length(self, measure: ElementTree.Element) -> float:
        now = most = 0.0
        for element in measure:
            now += self._step(element)
            most = max(most, now)
        return most

    def _step(self, element: ElementTree.Element) -> float:
        """Quarter notes that an element moves on by."""
        moves = {"note": 1, "forward": 1, "backup": -1}.get(element.tag, 0)
        if element.find("chord") is not None:
            return 0.0
        return moves * float(element.findtext("duration", "0")) / self._divisions

    def _read(self, measure: ElementTree.Element) -> None:
        now = last = self._at
        for element in measure:
            if element.tag == "harmony":
                self._harmony(element, now + float(element.findtext("offset", "0")) / self._divisions)
            if element.tag == "note" and (pitch := element.find("pitch")) is not None:
                self._note(element, _pitch(pitch), last if element.find("chord") is not None else now)
            if element.find("chord") is None:
                last = now
            now += self._step(element)

    def _note(self, element: ElementTree.Element, pitch: float, start: float) -> None:
        end = start + float(element.findtext("duration", "0")) / self._divisions
        if end <= start:
            return  # a grace note
        ties = {tie.get("type") for tie in element.iterfind("tie")}
        if "stop" in ties and pitch in self._tied:
            begun = self._notes[self._tied[pitch]][0]
            self._notes[self._tied[pitch]] = (begun, end, pitch)
        else:
            self._tied[pitch] = len(self._notes)
            self._notes.append((start, end, pitch))
        if "start" not in ties:
            self._tied.pop(pitch, None)

    def _harmony(self, element: ElementTree.Element, at: float) -> None:
        root, kind = element.find("root"), element.findtext("kind", "major")
        if root is None or kind == "none":
            self._chords.append((at, (), 0))
            return
        tonic, bass = _pitch_class(root, "root"), element.find("bass")
        tones = tuple((tonic + step) % 12 for step in _KINDS.get(kind, (0, 4, 7)))
        self._chords.append((at, tones, tonic if bass is None else _pitch_class(bass, "bass")))

    def score(self) -> Score:
        """The score up to the last bar line. Raises ValueError without a note before it."""
        end = self._at // self._bar * self._bar if self._bar else 0.0
        table = notes([(*row, _VELOCITY) for row in self._notes if row[START] < end])
        if not len(table) or end <= self._bar:
            raise ValueError("the lead sheet has no melody of a bar")
        table[:, END] = np.minimum(table[:, END], end)
        self._chords.sort(key=lambda c: c[0])
        ends = [*(c[0] for c in self._chords[1:]), end]
        chords = [Chord(c[0], min(e, end), *c[1:]) for c, e in zip(self._chords, ends, strict=False) if c[1]]
        metre = Metre.of(*self.signature)
        index = np.arange(np.floor(table[0, START] / metre.quarters), round(end / metre.quarters))
        grid = BeatGrid(index * metre.quarters, index.astype(np.int64) % metre.beats + 1, metre.beats)
        empty = np.empty((0, 4))
        return Score(table, empty, empty, tuple(c for c in chords if c.end > c.start), grid, np.empty(0), ())


def _pitch(element: ElementTree.Element) -> float:
    step, octave = element.findtext("step", "C"), int(element.findtext("octave", "4"))
    return 12.0 * (octave + 1) + _STEPS[step] + round(float(element.findtext("alter", "0")))


def _pitch_class(element: ElementTree.Element, of: str) -> int:
    alter = round(float(element.findtext(f"{of}-alter", "0")))
    return (_STEPS[element.findtext(f"{of}-step", "C")] + alter) % 12
