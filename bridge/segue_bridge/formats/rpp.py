"""A REAPER project: the recording as one item, cuts as coloured markers, sections as regions, bars where the music's
bars are.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from segue_bridge.errors import SegueError
from segue_bridge.formats._names import name
from segue_bridge.formats._tempo_map import TempoMap, tempo_map
from segue_bridge.result import Analysis

if TYPE_CHECKING:
    import rpp

SUFFIX = ".rpp"
# Red and blue are equal because REAPER stores them in another order on Windows than elsewhere.
COLOURS = {"exit": 0xD040D0, "entry": 0x109010}
COLOUR_IS_SET = 0x1000000
SOURCES = {".flac": "FLAC", ".mp3": "MP3", ".ogg": "VORBIS", ".oga": "VORBIS", ".opus": "OPUS"}  # all others: WAVE
STEADY = 1e-5  # seconds by which a beat may miss the tempo before it gets a tempo point of its own
SQUARE = "1"  # shape of a tempo point: no glide to the next one


def render(analysis: Analysis) -> bytes:
    """The project in UTF-8, its time 0 at the start of the file; bar numbers are those of the analysis.

    Raises SegueError where the recording's path cannot be written in a project.
    """
    import rpp

    path = str(Path(analysis.audio.path).absolute())
    if any(character in path for character in "`\n\r"):
        raise SegueError("bad_output", f"REAPER cannot store the path {path!r}: rename it without ` and line breaks")
    beats = tempo_map(analysis)
    tempo = _tempo_points(beats)
    bpm, first = tempo[0][2], beats.signatures[0]
    source = rpp.Element("SOURCE", [SOURCES.get(Path(path).suffix.lower(), "WAVE")], [["FILE", path]])
    item = rpp.Element("ITEM", (), [
        ["POSITION", "0"],
        ["LENGTH", f"{analysis.audio.duration:.12f}"],
        ["SOFFS", "0"],
        ["NAME", Path(path).name],
        source,
    ])  # fmt: skip
    track = rpp.Element("TRACK", (), [["NAME", Path(path).stem], item])
    project = rpp.Element("REAPER_PROJECT", ["0.1", "6.0"], [
        ["PROJOFFS", "0", str(-beats.bars_before), "0"],
        ["TEMPO", f"{bpm:.10f}", str(first[1]), str(first[2])],
        *_envelope(tempo, beats),
        *_markers(analysis),
        track,
    ])  # fmt: skip
    return str(rpp.dumps(project)).encode()


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


def _envelope(tempo: list[tuple[float, float, float]], beats: TempoMap) -> "list[rpp.Element]":
    """The tempo envelope; none where one tempo and one time signature say it all."""
    import rpp

    if len(tempo) == 1:
        return []
    signatures = {quarter: str(65536 * below + above) for quarter, above, below in beats.signatures}
    points = []
    for time, quarter, bpm in tempo:
        point = ["PT", f"{time:.12f}", f"{bpm:.10f}", SQUARE]
        points.append([*point, signatures[quarter]] if quarter in signatures else point)
    return [rpp.Element("TEMPOENVEX", (), [["ACT", "1", "-1"], ["VIS", "1", "0", "1"], *points])]


def _markers(analysis: Analysis) -> list[list[str]]:
    """Cuts as markers and sections as regions, numbered apart; a region is two lines with one number."""
    lines = []
    for number, cut in enumerate(analysis.cuts, start=1):
        colour = str(COLOUR_IS_SET | COLOURS[cut.kind])
        lines.append(["MARKER", str(number), f"{cut.time:.12f}", name(cut), "0", colour, "1", "B"])
    for number, section in enumerate(analysis.sections, start=1):
        lines.append(["MARKER", str(number), f"{section.start:.12f}", section.label, "1", "0", "1", "B"])
        lines.append(["MARKER", str(number), f"{section.end:.12f}", "", "1"])
    return lines
