"""A REAPER project: the recording as one item, cuts as coloured markers, sections as regions, bars where the music's
bars are.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from segue_bridge.errors import SegueError
from segue_bridge.formats._tempo_map import TempoMap, tempo_map
from segue_bridge.marker_name import name
from segue_bridge.result import Analysis
from segue_bridge.text import one_line

SUFFIX = ".rpp"
# Red and blue are equal because REAPER stores them in another order on Windows than elsewhere.
COLOURS = {"exit": 0xD040D0, "entry": 0x109010}
COLOUR_IS_SET = 0x1000000
SOURCES = {".flac": "FLAC", ".mp3": "MP3", ".ogg": "VORBIS", ".oga": "VORBIS", ".opus": "OPUS"}  # all others: WAVE
QUOTES = "\"'`"
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0"  # of REAPER, and of programs that read its projects
STEADY = 1e-5  # seconds by which a beat may miss the tempo before it gets a tempo point of its own
SQUARE = "1"  # shape of a tempo point: no glide to the next one
PLAIN = re.compile(r"[\w.+-]+", re.ASCII)  # words that need no quotes: others may be comments (#, ;) or blocks (<, >)

Line = list[str]


class Block(list["Line | Block"]):
    """Lines and blocks within `<words` and `>`."""

    def __init__(self, words: Line, children: "list[Line | Block]") -> None:
        super().__init__(children)
        self.words = words


def render(analysis: Analysis) -> bytes:
    """The project in UTF-8, its time 0 at the start of the file; bar numbers are those of the analysis.

    Raises SegueError where the recording's path cannot be written in a project.
    """
    path = str(Path(analysis.audio.path).absolute())
    if any(character in path for character in LINE_ENDS) or all(quote in path for quote in QUOTES):
        advice = "rename it without line breaks, and with fewer kinds of quotes"
        raise SegueError("bad_output", f"REAPER cannot store the path {path!r}: {advice}")
    beats = tempo_map(analysis)
    tempo = _tempo_points(beats)
    bpm, first = tempo[0][2], beats.signatures[0]
    source = Block(["SOURCE", SOURCES.get(Path(path).suffix.lower(), "WAVE")], [["FILE", path]])
    item = Block(["ITEM"], [
        ["POSITION", "0"],
        ["LENGTH", f"{analysis.audio.duration:.12f}"],
        ["SOFFS", "0"],
        ["NAME", one_line(Path(path).name)],
        source,
    ])  # fmt: skip
    track = Block(["TRACK"], [["NAME", one_line(Path(path).stem)], item])
    project = Block(["REAPER_PROJECT", "0.1", "6.0"], [
        ["PROJOFFS", "0", str(-beats.bars_before), "0"],
        ["TEMPO", f"{bpm:.10f}", str(first[1]), str(first[2])],
        *_envelope(tempo, beats),
        *_markers(analysis),
        track,
    ])  # fmt: skip
    return "".join(_written(project)).encode("utf-8", "surrogateescape")


def _written(block: Block, indent: str = "") -> Iterator[str]:
    """The lines of a block."""
    yield f"{indent}<{' '.join(map(_word, block.words))}\n"
    for child in block:
        if isinstance(child, Block):
            yield from _written(child, indent + "  ")
        else:
            yield f"{indent}  {' '.join(map(_word, child))}\n"
    yield f"{indent}>\n"


def _word(word: str) -> str:
    """As REAPER does: in the first kind of quotes that the word has not; where it has all, one kind is changed."""
    if PLAIN.fullmatch(word):
        return word
    quote = next((quote for quote in QUOTES if quote not in word), "")
    return f"{quote}{word}{quote}" if quote else f"`{word.replace('`', QUOTES[1])}`"


def _tempo_points(beats: TempoMap) -> list[tuple[float, float, float]]:
    """(seconds, quarter notes, beats a minute from there on), as few as keep every beat within `STEADY` seconds."""
    changes = {quarter for quarter, _, _ in beats.signatures}  # one is at 0
    kept: list[tuple[float, float]] = []
    time, quarter, fastest, slowest = 0.0, 0.0, 0.0, 0.0
    for before, (next_time, next_quarter) in pairwise(beats.points):
        if before[1] in changes or not fastest <= (next_time - time) / (next_quarter - quarter) <= slowest:
            time, quarter = before
            kept.append(before)
            fastest, slowest = 0.0, math.inf  # seconds a quarter note with which all beats since are met
        fastest = max(fastest, (next_time - STEADY - time) / (next_quarter - quarter))
        slowest = min(slowest, (next_time + STEADY - time) / (next_quarter - quarter))
    return [
        (time, quarter, 60 * (next_quarter - quarter) / (next_time - time))
        for (time, quarter), (next_time, next_quarter) in pairwise([*kept, beats.points[-1]])
    ]


def _envelope(tempo: list[tuple[float, float, float]], beats: TempoMap) -> list[Block]:
    """The tempo envelope; none where one tempo and one time signature say it all."""
    if len(tempo) == 1:
        return []
    signatures = {quarter: str(65536 * below + above) for quarter, above, below in beats.signatures}
    points = []
    for time, quarter, bpm in tempo:
        point = ["PT", f"{time:.12f}", f"{bpm:.10f}", SQUARE]
        points.append([*point, signatures[quarter]] if quarter in signatures else point)
    return [Block(["TEMPOENVEX"], [["ACT", "1", "-1"], ["VIS", "1", "0", "1"], *points])]


def _markers(analysis: Analysis) -> list[Line]:
    """Cuts as markers and sections as regions, numbered apart; a region is two lines with one number."""
    lines = []
    for number, cut in enumerate(analysis.cuts, start=1):
        colour = str(COLOUR_IS_SET | COLOURS[cut.kind])
        lines.append(["MARKER", str(number), f"{cut.time:.12f}", name(cut), "0", colour, "1", "B"])
    for number, section in enumerate(analysis.sections, start=1):
        lines.append(["MARKER", str(number), f"{section.start:.12f}", one_line(section.label), "1", "0", "1", "B"])
        lines.append(["MARKER", str(number), f"{section.end:.12f}", "", "1"])
    return lines
