"""Ballroom: beats and bars of 685 dances over your own copies of the recordings; for evaluation only."""

from pathlib import Path

import numpy as np

from segue_models.annotations import ballroom, recordings
from segue_models.track import Track

LICENCE = "annotations without licence, for research; recordings are the user's own"


def split(name: str) -> str:
    """Always `test`: nothing is trained on these recordings."""
    return "test"


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The annotated recordings found in `root`/ballroom_annotations/audio (in folders by dance or not)."""
    folder = root / "ballroom_annotations"
    audio = recordings(folder / "audio")
    return [
        Track(name, "ballroom", name, LICENCE, audio[name], np.empty((0, 2)), grid)
        for name, grid in ballroom.grids(folder / "ballroom_beats.zip").items()
        if name in audio
    ]
