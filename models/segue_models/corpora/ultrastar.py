"""UltraStar karaoke files: eleven real songs with every sung note, for evaluation only (most are non-commercial)."""

import csv
import json
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile as sf

from segue_models import files
from segue_models.corpora.lag import lag
from segue_models.rendering.notes import END, START, Floats, notes
from segue_models.track import Track


def sung(root: Path, song: str) -> Floats:
    """The annotated notes (notes, 4) of a song as its author timed them; the velocity column is 100."""
    with (root / "ultrastar_cc" / song / "vocal_notes.csv").open() as file:
        rows = [(float(r["start"]), float(r["end"]), float(r["pitch"]), 100.0) for r in csv.DictReader(file)]
    return notes(rows)


def split(name: str) -> str:
    """Always `test`: nothing is trained on these songs."""
    return "test"


@lru_cache(maxsize=2)
def _licences(source: Path) -> dict[str, str]:
    rows = re.findall(r"^\| (.+?) \| (CC .+?) \| \d+ \|$", source.read_text(), re.MULTILINE)
    return dict(rows)


def lags(root: Path, cache: Path) -> dict[str, float]:
    """Seconds by which each song's notes are early, estimated from the audio once and kept in `cache`.

    Raises FileNotFoundError where there are no songs.
    """
    kept = cache / "ultrastar" / "lags.json"
    found: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}
    songs = [p.parent.name for p in sorted((root / "ultrastar_cc").glob("*/vocal_notes.csv"))]
    if not songs:
        raise FileNotFoundError(f"no songs in {root / 'ultrastar_cc'}: unpack the data set ultrastar_cc there")
    for song in songs:
        if song not in found:
            audio, _ = sf.read(root / "ultrastar_cc" / song / "audio.ogg", dtype="float32")
            found[song] = round(lag(audio, sung(root, song)), 3)
    kept.parent.mkdir(parents=True, exist_ok=True)
    files.write(kept, json.dumps(found, indent=1).encode())
    return {song: found[song] for song in songs}


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The eleven songs, their notes moved by the lag found in the audio. Beats and sections are not annotated."""
    out = []
    for song, late in lags(root, cache).items():
        table = sung(root, song)
        lead = np.maximum(table[:, [START, END]] + late, 0.0)
        out.append(
            Track(
                name=song,
                corpus="ultrastar",
                artist=song.split(" - ")[0],
                licence=_licences(root / "ultrastar_cc" / "SOURCE.md")[song],
                audio=root / "ultrastar_cc" / song / "audio.ogg",
                lead=lead[lead[:, 1] > 0],
                trainable=False,
                voices=(song.split(" - ")[0],),
            )
        )
    return out
