"""Our own CSV: rows that Segue wrote have a score, rows that the user added need only kind and time."""

import csv
from pathlib import Path

from segue_bridge.marker_name import name
from segue_bridge.markers import Marker, Place
from segue_bridge.result import Cut

SUFFIXES = (".csv",)


def read(path: Path) -> list[Marker]:
    """Every row. Raises ValueError, KeyError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [marker(row, ()) for row in csv.DictReader(file)]


def marker(row: dict[str, str], paths: tuple[Path, ...]) -> Marker:
    """The marker of a row of text."""
    place = Place(paths, float(row["time"]))
    if row["kind"] not in ("exit", "entry") or not row.get("score"):
        return Marker(row["kind"], (place,))
    bar = int(row["bar"]) if row["bar"] else None  # none in a pick-up
    cut = Cut(0, row["kind"], place.seconds, float(row["score"]), bar, 1.0, row["section"])  # type: ignore[arg-type]
    return Marker(name(cut), (place,))
