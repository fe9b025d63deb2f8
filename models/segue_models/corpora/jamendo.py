"""JamendoLyrics: three real songs with word times, for evaluation only (two of them are non-commercial)."""

import csv
import io
import unicodedata
import zipfile
from pathlib import Path

import numpy as np

from segue_models.rendering.notes import Floats
from segue_models.track import Track


def split(name: str) -> str:
    """Always `test`: nothing is trained on these songs."""
    return "test"


def words(root: Path, song: str) -> Floats:
    """Start and end (words, 2) in seconds of every sung word."""
    wanted = unicodedata.normalize("NFC", f"words/{song}.csv")  # archives made on a Mac store decomposed accents
    with zipfile.ZipFile(root / "jamendolyrics_cc" / "word_times_all79.zip") as archive:
        name = next(n for n in archive.namelist() if unicodedata.normalize("NFC", n) == wanted)
        rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
    table = np.array([[float(r["word_start"]), float(r["word_end"])] for r in rows]).reshape(-1, 2)
    return table[np.argsort(table[:, 0], kind="stable")]


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The songs whose audio is there; nothing is rendered or cached. Beats and sections are not annotated."""
    folder = root / "jamendolyrics_cc"
    with (folder / "JamendoLyrics.csv").open() as file:
        rows = {unicodedata.normalize("NFC", Path(r["Filepath"]).stem): r for r in csv.DictReader(file)}
    out = []
    for path in sorted((folder / "audio").glob("*.ogg")):
        row = rows[unicodedata.normalize("NFC", path.stem)]
        out.append(
            Track(
                name=path.stem,
                corpus="jamendo",
                artist=row["Artist"],
                licence=row["LicenseType"],
                audio=path,
                lead=words(root, path.stem),
                trainable=False,
                voices=(row["Artist"],),
            )
        )
    return out
