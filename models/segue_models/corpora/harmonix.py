"""Harmonix set: beats, downbeats and sections of 912 songs over your own copies; for evaluation only."""

import zipfile
from pathlib import Path

import numpy as np

from segue_models.annotations import harmonix, recordings
from segue_models.track import Track

LICENCE = "MIT (annotations); recordings are the user's own"


def split(name: str) -> str:
    """Always `test`: nothing is trained on these recordings."""
    return "test"


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The annotated recordings found in `root`/harmonix/audio, named as the annotations are (0001_12step.mp3)."""
    folder, out = root / "harmonix", []
    audio = recordings(folder / "audio")
    with zipfile.ZipFile(folder / "harmonix_dataset.zip") as archive:
        for song, facts in harmonix.metadata(archive).items():
            if song in audio:
                parts = harmonix.sections(archive, song)
                track = Track(
                    name=song, corpus="harmonix", artist=facts["Artist"], licence=LICENCE, audio=audio[song],
                    lead=np.empty((0, 2)), grid=harmonix.grid(archive, song), sections=parts.starts,
                    section_labels=parts.labels,
                )  # fmt: skip
                out.append(track)
    return out
