"""The data sets of Beat This over your own copies of the recordings; for evaluation only.

Without rwc, whose annotations are known to be faulty; smc and simac have beats and no downbeats.
"""

from pathlib import Path

import numpy as np

from segue_models.annotations import beat_this, recordings
from segue_models.track import Track

LICENCE = "MIT (annotations); recordings are the user's own"


def split(name: str) -> str:
    """Always `test`: nothing is trained on these recordings."""
    return "test"


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The annotated recordings found in `root`/beat_this_annotations/audio, named as the .beats files are."""
    folder = root / "beat_this_annotations"
    archive, audio = folder / "beat_this_annotations.zip", recordings(folder / "audio")
    return [
        Track(name, "beat_this", name, LICENCE, audio[name], np.empty((0, 2)), grid)
        for data_set in beat_this.data_sets(archive)
        if data_set not in beat_this.FAULTY
        for name, grid in beat_this.grids(archive, data_set).items()
        if name in audio
    ]
