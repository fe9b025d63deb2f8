"""Sessions of Ardour 7 and later: location markers, and the regions of the playlists under them."""

import glob
import math
import xml.etree.ElementTree as ET
from bisect import bisect_right
from itertools import count, takewhile
from pathlib import Path
from typing import NamedTuple

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
        found = [] if tempo_map is None else [*tempo_map.iterfind("Tempos/Tempo"), *tempo_map.iterfind("MusicTimes/*")]
        self._clocks = SUPERCLOCKS if tempo_map is None else int(tempo_map.get("superclocks-per-second", SUPERCLOCKS))
        self._tempi = sorted(map(self._tempo, found)) or [_Tempo(0.0, 0.0, 0.5, 0.0)]

    def seconds(self, text: str) -> float:
        """Raises ValueError for a text that is no time."""
        if text.startswith("a"):
            return int(text[1:]) / self._clocks
        if not text.startswith("b"):
            raise ValueError(f"{text!r:.30} is no time of Ardour 7")
        quarters = int(text[1:]) / TICKS
        tempo = self._tempi[max(bisect_right(self._tempi, quarters, key=lambda tempo: tempo.quarters) - 1, 0)]
        return tempo.seconds_at(quarters)

    def _tempo(self, point: ET.Element) -> "_Tempo":
        """The tempo from a point on; one that is also a place in bars holds it within."""
        quarters, _, ticks = point.attrib["quarters"].partition(":")
        inner = point.find("Tempo")
        tempo = point if inner is None else inner
        bpm = float(tempo.attrib["npm"]) * 4 / float(tempo.get("note-type", "4"))
        return _Tempo(
            int(quarters) + int(ticks or 0) / TICKS,
            int(point.attrib["sclock"]) / self._clocks,
            60 / bpm,
            float(point.get("omega", "0")) * self._clocks,
        )


class _Tempo(NamedTuple):
    """A tempo from a place on, in quarter notes and seconds; it grows by exp(ramp * seconds)."""

    quarters: float
    seconds: float
    quarter_s: float
    ramp: float

    def seconds_at(self, quarters: float) -> float:
        """The time of a place. Raises ValueError where a falling tempo never gets there."""
        linear = (quarters - self.quarters) * self.quarter_s
        return self.seconds + (math.log1p(self.ramp * linear) / self.ramp if self.ramp else linear)


def _clips(session: ET.Element, path: Path, clock: _Clock) -> list[Clip]:
    from segue_models.signal import audio

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
        speed = rate / audio.info(paths[:1]).rate_hz if paths[0].is_file() else 1.0
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
