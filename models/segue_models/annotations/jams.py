"""JAMS (Humphrey et al. 2014): a song's annotations as JSON; its sections and beats are read."""

import json
import math
from dataclasses import dataclass
from typing import Any

from segue_models.annotations import Segments, segments
from segue_models.signal.frames import BeatGrid, grid_from_downbeats


@dataclass(frozen=True)
class Jams:
    """One file: sections by namespace (segment_open, segment_salami_upper, ...), one of each annotator, and beats."""

    title: str
    artist: str
    duration: float
    sections: dict[str, tuple[Segments, ...]]
    beats: tuple[BeatGrid, ...]


def read(text: str) -> Jams:
    """A JAMS file of version 0.2 or 0.3. Raises ValueError if it is none."""
    try:
        whole = json.loads(text)
        facts, annotations = whole["file_metadata"], whole["annotations"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError("this is no JAMS file: it needs file_metadata and annotations") from error
    sections: dict[str, tuple[Segments, ...]] = {}
    grids = []
    for annotation in annotations:
        name, data = annotation["namespace"], annotation["data"]
        if name.startswith("segment_") and data:  # multi_segment repeats what upper and lower say
            sections[name] = (*sections.get(name, ()), _segments(data))
        elif name == "beat" and data:
            places = [0 if b["value"] is None or math.isnan(b["value"]) else int(b["value"]) for b in data]
            grids.append(grid_from_downbeats([b["time"] for b in data], places))
    return Jams(facts["title"], facts["artist"], float(facts["duration"] or 0), sections, tuple(grids))


def _segments(data: list[dict[str, Any]]) -> Segments:
    rows = [(float(row["time"]), str(row["value"])) for row in data if row["duration"] > 0]
    return segments(rows, max(float(row["time"]) + float(row["duration"]) for row in data))
