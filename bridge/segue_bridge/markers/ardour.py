"""Ardour 7 and 8 sessions: location markers, and the regions of the playlists under them."""

import glob
import xml.etree.ElementTree as ET
from bisect import bisect_right
from itertools import count, takewhile
from pathlib import Path

from segue_bridge.markers import Marker
from segue_bridge.markers._timeline import Clip, places

SUFFIXES = (".ardour",)
TICKS = 1920  # of a quarter note
DEEPEST = 64  # elements within each other
SUPERCLOCKS = 282_240_000  # of a second, where the session does not say


def read(path: Path) -> list[Marker]:
    """Every marker of the session. Raises ParseError, ValueError, KeyError."""
    session = ET.parse(path, ET.XMLParser(target=_Session())).getroot()
    clock = _Clock(session)
    clips = _clips(session, path, clock)
    return [
        Marker(location.get("name", ""), places(clips, clock.seconds(location.attrib["start"])))
        for location in session.iterfind("Locations/Location")
        if "IsMark" in location.get("flags", "").split(",")
    ]


class _Session(ET.TreeBuilder):
    """The tree of a session; refuses what none has: entities, which may grow without end, and endless depth."""

    _depth = 0

    def doctype(self, *_: object) -> None:
        raise ValueError("it declares entities")

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"its elements lie deeper than {DEEPEST}")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


class _Clock:
    """Seconds from Ardour's words for a time: a282240000 (audio clock) or b1920 (ticks of a quarter note)."""

    def __init__(self, session: ET.Element) -> None:
        tempo_map = session.find("TempoMap")
        found = [] if tempo_map is None else list(tempo_map.iterfind("Tempos/Tempo"))
        self._clocks = SUPERCLOCKS if tempo_map is None else int(tempo_map.get("superclocks-per-second", SUPERCLOCKS))
        self._tempi = [(_quarters(t), int(t.attrib["sclock"]), _bpm(t)) for t in found] or [(0.0, 0, 120.0)]

    def seconds(self, text: str) -> float:
        """Raises ValueError for a text that is no time."""
        if text.startswith("a"):
            return int(text[1:]) / self._clocks
        if not text.startswith("b"):
            raise ValueError(f"{text!r:.30} is no time of Ardour 7")
        quarters = int(text[1:]) / TICKS
        start, clock, bpm = self._tempi[max(bisect_right(self._tempi, (quarters, 1 << 62, 0.0)) - 1, 0)]
        return clock / self._clocks + (quarters - start) * 60 / bpm


def _quarters(tempo: ET.Element) -> float:
    quarters, _, ticks = tempo.attrib["quarters"].partition(":")
    return int(quarters) + int(ticks or 0) / TICKS


def _bpm(tempo: ET.Element) -> float:
    return float(tempo.attrib["npm"]) * 4 / float(tempo.get("note-type", "4"))


def _clips(session: ET.Element, path: Path, clock: _Clock) -> list[Clip]:
    import soundfile

    rate = int(session.attrib["sample-rate"])
    sources = {s.attrib["id"]: _file(s, path) for s in session.iterfind("Sources/Source") if s.get("type") == "audio"}
    clips = []
    for region in session.iterfind("Playlists/Playlist/Region"):
        channels = takewhile(bool, (region.get(f"source-{c}", "") for c in count()))
        paths = tuple(dict.fromkeys(sources[c] for c in channels if c in sources))
        if not paths:
            continue
        length, _, position = region.attrib["length"].partition("@")
        # Ardour plays a file sample by sample, also where its rate is not the session's.
        speed = rate / soundfile.info(paths[0]).samplerate if paths[0].is_file() else 1.0
        begins = clock.seconds(position)
        start = clock.seconds(region.attrib["start"]) * speed
        clips.append(Clip(paths, begins, start, _length(length, position, clock), speed))
    return clips


def _length(length: str, position: str, clock: _Clock) -> float:
    if length.startswith("a"):
        return clock.seconds(length)
    ticks = int(position[1:]) if position.startswith("b") else 0
    return clock.seconds(f"b{ticks + int(length[1:])}") - clock.seconds(f"b{ticks}")


def _file(source: ET.Element, session: Path) -> Path:
    """A source lies where it was taken from, else among the session's own files."""
    origin, name = source.get("origin", ""), source.attrib["name"]
    if Path(origin).is_absolute():
        return Path(origin)
    own = sorted(session.parent.glob(f"interchange/*/audiofiles/{glob.escape(name)}"))
    return own[0] if own else session.parent / "interchange" / session.parent.name / "audiofiles" / name
