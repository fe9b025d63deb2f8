"""OpenTimelineIO timelines: markers of clips, and of what the clips lie in.

The library reads in a process of its own: some files crash it (0.18.1: a Clip.2 that calls itself Clip.1).
"""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from segue_bridge.markers import Marker, Place

SUFFIXES = (".otio",)
PATIENCE_S = 300


def read(path: Path) -> list[Marker]:
    """Every marker, at its start. Raises ValueError, TimeoutExpired."""
    done = subprocess.run([sys.executable, "-m", __name__, path], capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        raise ValueError((done.stderr.splitlines() or ["OpenTimelineIO crashes on it"])[-1])
    return [
        Marker(name, tuple(Place((Path(recording),), seconds) for recording, seconds in places))
        for name, places in json.loads(done.stdout)
    ]


def _read(path: Path) -> list[Marker]:
    """Every marker. Raises what opentimelineio raises."""
    import opentimelineio as otio

    timeline = otio.adapters.read_from_file(str(path))
    markers = []
    for item in (timeline.tracks, *timeline.find_children(descended_from_type=otio.core.Item)):
        for mark in getattr(item, "markers", ()):
            found = [_place(item, clip, mark.marked_range.start_time, path) for clip in timeline.find_clips()]
            markers.append(Marker(mark.name, tuple(place for place in found if place)))
    return markers


def _place(item, clip, time, path: Path) -> Place | None:  # type: ignore[no-untyped-def]  # opentimelineio has no types
    """Where a time of `item` is in the recording of a clip; None where the clip does not play it."""
    at = item.transformed_time(time, clip)
    heard, url = clip.trimmed_range(), getattr(clip.media_reference, "target_url", None)
    if not url or not heard.start_time <= at <= heard.end_time_exclusive():
        return None
    whole = clip.media_reference.available_range
    zero = whole.start_time.to_seconds() if whole else 0.0
    parts = urlparse(url)
    name = url2pathname(parts.path) if parts.scheme == "file" else unquote(url)
    return Place((path.parent / name,), at.to_seconds() - zero)


if __name__ == "__main__":
    found = [(mark.name, [(str(p.paths[0]), p.seconds) for p in mark.places]) for mark in _read(Path(sys.argv[1]))]
    print(json.dumps(found))
