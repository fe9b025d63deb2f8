"""Audacity label files: start, end and name in each line; Audacity keeps no recording's name in them."""

from pathlib import Path

from segue_bridge.markers import Marker, Place

SUFFIXES = (".txt",)


def read(path: Path) -> list[Marker]:
    """Every label, where it starts. Raises ValueError."""
    markers = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if line.startswith("\\") or not line.strip():  # a line of the frequencies of a label's selection
            continue
        start, *rest = line.split("\t")
        try:
            seconds = float(start)
        except ValueError as fault:
            raise ValueError(f"line {number} has no time") from fault
        markers.append(Marker(rest[-1] if len(rest) > 1 else "", (Place((), seconds),)))
    return markers
