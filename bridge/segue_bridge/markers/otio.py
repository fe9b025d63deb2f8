"""OpenTimelineIO timelines: markers of clips, and of what the clips lie in."""

from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from segue_bridge.markers import Marker, Place

SUFFIXES = (".otio",)


def read(path: Path) -> list[Marker]:
    """Every marker, at its start. Raises what opentimelineio raises."""
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
