"""Our own JSON: cuts that Segue wrote have a score, cuts that the user added need only kind and time."""

import json
from pathlib import Path

from segue_bridge.markers import Marker
from segue_bridge.markers.csv import marker

SUFFIXES = (".json",)


def read(path: Path) -> list[Marker]:
    """Every cut. Raises ValueError, KeyError."""
    analysis = json.loads(path.read_text(encoding="utf-8"))
    recording = (path.parent / analysis["audio"]["path"],)
    rows = [{key: "" if value is None else str(value) for key, value in cut.items()} for cut in analysis["cuts"]]
    return [marker(row, recording) for row in rows]
