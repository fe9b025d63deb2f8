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
    return [marker({key: str(value) for key, value in cut.items()}, recording) for cut in analysis["cuts"]]
