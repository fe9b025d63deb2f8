"""REAPER projects: project markers, and take markers, which stand in the recording itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segue_bridge.markers import Marker, Place
from segue_bridge.markers._timeline import Clip, places

SUFFIXES = (".rpp", ".rpp-bak")
READ = re.compile(r"\s*([<>]|MARKER |POSITION |LENGTH |SOFFS |PLAYRATE |FILE |TKM )")  # the rest may be long: plug-ins
NO_LINE_ENDS = dict.fromkeys(
    map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " "
)  # for REAPER, but the library ends lines


def read(path: Path) -> list[Marker]:
    """Every marker; regions are no markers. Raises what the rpp library raises."""
    import rpp

    text = path.read_text(encoding="utf-8", errors="replace").translate(NO_LINE_ENDS)
    project = rpp.loads("".join(line for line in text.splitlines(keepends=True) if READ.match(line)))
    items = [item for track in _blocks(project, "TRACK") for item in _blocks(track, "ITEM")]
    clips = [clip for item in items for clip in _clip(item, path)]
    markers = []
    for line in _lines(project, "MARKER"):
        if len(line) > 2 and not int(line[3] if len(line) > 3 else 0) & 1:
            markers.append(Marker(line[2], places(clips, float(line[1]))))
    for item in items:
        for clip in _clip(item, path):
            markers += [Marker(line[1], (Place(clip.paths, float(line[0])),)) for line in _lines(item, "TKM")]
    return markers


def _clip(item: Any, path: Path) -> list[Clip]:
    """The item's recording; none where it plays no file."""
    files = [line[0] for source in _blocks(item, "SOURCE") for line in _lines(source, "FILE")]
    if not files:
        return []
    speed = _number(item, "PLAYRATE", 1.0)
    position, length = _number(item, "POSITION", 0.0), _number(item, "LENGTH", 0.0)
    return [Clip((path.parent / files[0],), position, _number(item, "SOFFS", 0.0), length, speed)]


def _number(element: Any, name: str, otherwise: float) -> float:
    return next((float(line[0]) for line in _lines(element, name)), otherwise)


def _blocks(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if getattr(child, "tag", None) == name)


def _lines(element: Any, name: str) -> Iterator[list[str]]:
    return ([str(word) for word in child[1:]] for child in element if isinstance(child, list) and child[0] == name)
