"""Which recordings sound at a time of a project's timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from segue_bridge.markers import Place

LAYERS = 100  # recordings at once; of more nobody knows which is meant


@dataclass(frozen=True)
class Clip:
    """A stretch of a recording on a timeline.

    position, length: seconds of the timeline; start: second of the recording it begins with; speed: seconds of the
    recording that go by in a second of the timeline.
    """

    paths: tuple[Path, ...]
    position: float
    start: float
    length: float
    speed: float = 1.0


def places(clips: Iterable[Clip], seconds: float) -> tuple[Place, ...]:
    """The recordings under a time in seconds of the timeline, the longest clip first, LAYERS of them at most."""
    under = [clip for clip in clips if clip.position <= seconds <= clip.position + clip.length]
    return tuple(
        Place(clip.paths, clip.start + (seconds - clip.position) * clip.speed)
        for clip in sorted(under, key=lambda clip: -clip.length)[:LAYERS]
    )
