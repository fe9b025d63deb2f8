"""Corpora: one file per data set, found by its name; every one yields `Track`s.

Add a corpus: write `corpora/<name>.py` with `tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]`.
"""

from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import BeatGrid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """One song with its ground truth; all times in seconds of the audio.

    lead: (notes, 2) start and end of every sung or lead note (or voiced interval), sorted;
    grid: annotated beats or None where the corpus has none; sections: (boundaries,) annotated
    section boundary times, empty where the corpus has none; artist: what splits must keep together;
    trainable: whether the licence permits shipping weights trained on it; voices: names of the recordings
    whose singer is heard, so that a leave-one-song-out split can leave a voice out everywhere; onsets: (onsets,)
    annotated note onsets, empty where the corpus has none; beds: (beds, 2) stretches of lead whose phrases are not
    known, so that a cut there is neither good nor bad.
    """

    name: str
    corpus: str
    artist: str
    licence: str
    audio: Path
    lead: Floats
    grid: BeatGrid | None = None
    sections: Floats = field(default_factory=lambda: np.empty(0))
    section_labels: tuple[str, ...] = ()
    trainable: bool = False
    voices: tuple[str, ...] = ()
    onsets: Floats = field(default_factory=lambda: np.empty(0))
    beds: Floats = field(default_factory=lambda: np.empty((0, 2)))

    def later(self, seconds: float) -> "Track":
        """The same ground truth for the audio begun so much earlier: all times are later."""
        return replace(
            self,
            lead=self.lead + seconds,
            grid=self.grid and self.grid.later(seconds),
            sections=self.sections + seconds,
            onsets=self.onsets + seconds,
            beds=self.beds + seconds,
        )


def names() -> list[str]:
    """Every corpus: the files here that have tracks."""
    here = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in here if "\ndef tracks(" in path.read_text(encoding="utf-8"))


def find(name: str) -> ModuleType:
    """The corpus of that name; raises ValueError for any other."""
    known = names()
    if name not in known:
        raise ValueError(f"there is no corpus {name!r}: take one of {', '.join(known)}")
    return import_module(f"{__name__}.{name}")
