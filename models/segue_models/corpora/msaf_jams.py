"""The JAMS of msaf-data (Beatles, Isophonics, SALAMI, SPAM, Sargon) over your own recordings; for evaluation only."""

import zipfile
from pathlib import Path

import numpy as np

from segue_models.annotations import jams, recordings
from segue_models.track import Track

LICENCE = "MIT (annotations); recordings are the user's own"
LEVELS = ("segment_salami_upper", "segment_open")  # large sections; of several annotators the first


def split(name: str) -> str:
    """Always `test`: nothing is trained on these recordings."""
    return "test"


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The annotated recordings found in `root`/msaf_jams/audio, named as the .jams files are."""
    folder, out = root / "msaf_jams", []
    audio = recordings(folder / "audio")
    with zipfile.ZipFile(folder / "msaf_jams.zip") as z:
        for path in sorted(z.namelist()):
            name = Path(path).stem
            if path.endswith(".jams") and name in audio:
                song = jams.read(z.read(path).decode())
                parts = next(song.sections[level][0] for level in LEVELS if level in song.sections)
                track = Track(
                    name=name, corpus="msaf_jams", artist=song.artist or name, licence=LICENCE, audio=audio[name],
                    lead=np.empty((0, 2)), grid=song.beats[0] if song.beats else None, sections=parts.starts,
                    section_labels=parts.labels,
                )  # fmt: skip
                out.append(track)
    return out
