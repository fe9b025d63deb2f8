"""What was heard in a region: every place that can be a cut, with its scores, and all that choosing among them needs.

It takes seconds to find, and choosing takes none: so it is kept, and another `--top` is answered from it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_bridge.result import AudioInfo, Section
from segue_models.signal.frames import BeatGrid
from segue_models.transitions.pairs import Cuts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """All times in seconds of the source file.

    exits, entries: the places where the music can be left or joined, with calibrated scores; warnings: for the user.
    """

    audio: AudioInfo
    models: dict[str, str]
    grid: BeatGrid
    sections: list[Section]
    exits: Cuts
    entries: Cuts
    warnings: list[str]

    def to_json(self) -> str:
        """As JSON text; floats come back as they were."""
        return json.dumps(
            {
                "audio": asdict(self.audio),
                "models": self.models,
                "grid": _beats(self.grid),
                "sections": [asdict(section) for section in self.sections],
                "exits": _lists(self.exits),
                "entries": _lists(self.entries),
                "warnings": self.warnings,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Scored":
        """Inverse of `to_json`; raises ValueError, KeyError, TypeError or OverflowError on anything else."""
        d: dict[str, Any] = json.loads(text)
        return cls(
            audio=AudioInfo(**d["audio"]),
            models=dict(d["models"]),
            grid=_grid(*d["grid"]),
            sections=[Section(**section) for section in d["sections"]],
            exits=_cuts(d["exits"]),
            entries=_cuts(d["entries"]),
            warnings=list(d["warnings"]),
        )


def _beats(grid: BeatGrid) -> list[Any]:
    counts = grid.beats_per_bar, grid.beat_unit, grid.first_bar
    return [grid.times.tolist(), grid.positions.tolist(), *counts, grid.free]


def _grid(times: Any, positions: Any, beats: Any, unit: Any, first_bar: Any, free: Any) -> BeatGrid:
    spans = tuple((float(start), float(end)) for start, end in free)
    counts = int(beats), int(unit), int(first_bar)
    return BeatGrid(np.array(times, np.float64), np.array(positions, np.int64), *counts, spans)


def _lists(cuts: Cuts) -> list[Any]:
    return [cuts.times.tolist(), cuts.scores.tolist(), cuts.context.tolist(), cuts.levels.tolist()]


def _cuts(lists: list[Any]) -> Cuts:
    times, scores, context, levels = (np.array(values, np.float64) for values in lists)
    if not len(times) == len(scores) == len(context) == len(levels):
        raise ValueError("times, scores, context and levels of the cuts are not as many")
    return Cuts(times, scores, context, levels)
