"""SALAMI 2.0 (Smith et al. 2011): sections at two levels by one or two annotators."""

import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from segue_models.annotations import Segments, segments


@dataclass(frozen=True)
class Annotation:
    """What one annotator heard: large sections (A, B), small ones (a, b, a'), and their functions (verse, chorus)."""

    uppercase: Segments
    lowercase: Segments
    functions: Segments


def songs(archive: zipfile.ZipFile) -> dict[str, tuple[str, ...]]:
    """Annotators of each song: "1", "2" or both; "1b" and "2b", second tries at three songs, are left out."""
    found: dict[str, list[str]] = {}
    for name in sorted(archive.namelist()):
        folder, _, file = name.rpartition("/")
        if file in ("textfile1.txt", "textfile2.txt"):
            found.setdefault(folder.split("/")[1], []).append(file[len("textfile")])
    return {song: tuple(found[song]) for song in sorted(found, key=int)}


def read(archive: zipfile.ZipFile, song: str, annotator: str) -> Annotation:
    """The annotation of a song by annotator "1" or "2"."""

    def level(name: str) -> list[tuple[float, str]]:
        text = archive.read(f"annotations/{song}/parsed/textfile{annotator}_{name}.txt").decode()
        rows = [line.split("\t") for line in text.splitlines() if line.strip()]
        return [(float(time), label) for time, label in rows]

    upper = segments(level("uppercase"))
    functions = [row for row in level("functions") if row[1] != "End"]  # 99 do not say where the song ends
    return Annotation(upper, segments(level("lowercase")), segments(functions, upper.end))


def artists(metadata: Path) -> dict[str, str]:
    """Artist of each song, from metadata.csv."""
    with metadata.open(encoding="utf-8", errors="replace") as file:
        return {row["SONG_ID"].strip(): row["ARTIST"].replace("_", " ").strip() for row in csv.DictReader(file)}
