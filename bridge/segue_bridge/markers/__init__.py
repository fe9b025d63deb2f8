"""Markers that people set in DAWs and label files: one file per format, found by the ending of the file's name.

A format is a module with `SUFFIXES` and `read(path) -> list[Marker]`, which may raise any ValueError, KeyError or
OSError for a file that is not what its ending says. Heavy imports stay inside these functions.
"""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from segue_bridge.errors import SegueError
from segue_models import registry

LATEST_SECONDS = 1e6  # no recording is eleven days long
KEPT = " ✓"  # what the Ardour action "keep transition" writes behind a marker's name


@dataclass(frozen=True)
class Place:
    """Where a marker stands in a recording: its files (none where the format names none), and seconds of them."""

    paths: tuple[Path, ...]
    seconds: float


@dataclass(frozen=True)
class Marker:
    """A marker's name and the recordings that sound there, the longest first."""

    name: str
    places: tuple[Place, ...]


def read(path: Path) -> list[Marker]:
    """The markers of a file. Raises SegueError where the file cannot be read or its ending is unknown.

    Files come from others: whatever is in one, reading it ends, and takes no more memory than its size explains.
    """
    fitting = [name for name in registry.names(__name__) if _ends(path, name)]
    if not fitting:
        known = ", ".join(s for name in registry.names(__name__) for s in registry.load(__name__, name).SUFFIXES)
        raise SegueError("bad_input", f"{path} is no file with markers that Segue reads: give one that ends in {known}")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is no regular file")
        found = cast(list[Marker], registry.load(__name__, fitting[0]).read(path))
        for marker in found:
            if not all(abs(place.seconds) < LATEST_SECONDS for place in marker.places):
                raise ValueError(f"the marker {marker.name!r:.50} stands at no time of a recording")
        return found
    except FileNotFoundError as fault:
        raise SegueError("not_found", f"{path} does not exist: check the path") from fault
    except Exception as fault:  # the libraries of the formats raise types of their own
        reason = str(fault).partition("\n")[0] or type(fault).__name__
        raise SegueError("bad_input", f"{path} cannot be read ({reason:.120}): save or export it again") from fault


def _ends(path: Path, name: str) -> bool:
    return path.name.lower().endswith(registry.load(__name__, name).SUFFIXES)
