"""A song of a corpus, with what people have written down about it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

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
    annotated note onsets, empty where the corpus has none; unphrased_spans: (spans, 2) stretches of lead whose phrases
    are not known, so that a cut there is neither good nor bad.
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
    unphrased_spans: Floats = field(default_factory=lambda: np.empty((0, 2)))

    def later(self, seconds: float) -> "Track":
        """The same ground truth for the audio begun so much earlier: all times are later."""
        return replace(
            self,
            lead=self.lead + seconds,
            grid=self.grid and self.grid.later(seconds),
            sections=self.sections + seconds,
            onsets=self.onsets + seconds,
            unphrased_spans=self.unphrased_spans + seconds,
        )
