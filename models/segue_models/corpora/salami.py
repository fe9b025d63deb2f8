"""SALAMI: sections over your own copies of the recordings; for evaluation only.

The first annotator's large sections are the truth; `annotations.salami` has the second one and the small sections.
"""

import zipfile
from pathlib import Path

import numpy as np

from segue_models.annotations import recordings, salami
from segue_models.track import Track

LICENCE = "CC0 (annotations); recordings are the user's own"


def split(name: str) -> str:
    """Always `test`: nothing is trained on these recordings."""
    return "test"


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The annotated recordings found in `root`/salami/audio, named by their number (956.mp3)."""
    folder, out = root / "salami", []
    audio, artists = recordings(folder / "audio"), salami.artists(folder / "metadata.csv")
    with zipfile.ZipFile(folder / "salami_annotations.zip") as archive:
        for song, annotators in salami.songs(archive).items():
            if song in audio:
                parts = salami.read(archive, song, annotators[0]).uppercase
                track = Track(
                    name=song, corpus="salami", artist=artists.get(song, song), licence=LICENCE, audio=audio[song],
                    lead=np.empty((0, 2)), sections=parts.starts, section_labels=parts.labels,
                )  # fmt: skip
                out.append(track)
    return out
