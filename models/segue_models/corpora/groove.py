"""Groove MIDI: human drummers playing to a click (CC BY, Gillick et al. 2019), rendered with several drum kits."""

import csv
import hashlib
import io
import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from segue_models.rendering import drums, mix, synth
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import END, START, Floats, Part
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

VERSION = 1
LICENCE = "CC BY 4.0"
MIN_SECONDS, MAX_SECONDS = 20.0, 120.0
KITS = (0, 8, 16, 24, 25, 32)  # General MIDI 2: standard, room, power, electronic, analog, jazz
# By drummer, not by the data set's own split, in which every drummer is heard on both sides.
_DRUMMERS = {"3": "test", "9": "test", "10": "test", "2": "validation", "4": "validation", "6": "validation"}
COUNTS = {"train": 64, "validation": 12, "test": 24}


def _rank(name: str) -> str:
    return hashlib.sha256(f"segue groove {name}".encode()).hexdigest()


def split(name: str) -> str:
    """`train`, `validation` or `test` for a track name (drummer3_session1_5): by its drummer."""
    return _DRUMMERS.get(name.split("_")[0].removeprefix("drummer"), "train")


def chosen(archive: Path) -> dict[str, dict[str, str]]:
    """The rows of the data set's own index of the 100 performances used, by track name: 4/4 or 3/4, 20 s or more."""
    with zipfile.ZipFile(archive) as z:
        rows = list(csv.DictReader(io.StringIO(z.read("info.csv").decode())))
    named = {row["id"].replace("/", "_"): row for row in rows}
    left, out = dict(COUNTS), {}
    for name in sorted(named, key=_rank):
        row = named[name]
        fits = row["beat_type"] == "beat" and row["time_signature"] in ("4-4", "3-4")
        if fits and float(row["duration"]) >= MIN_SECONDS and left[split(name)] > 0:
            left[split(name)] -= 1
            out[name] = row
    return out


def performance(archive: Path, row: dict[str, str], until: float) -> tuple[Floats, BeatGrid]:
    """Notes (notes, 4) up to `until` seconds, and their beats: where the hits lie on average, not at the click."""
    take = drums._read(archive, row["midi_filename"], float(row["bpm"]))
    beat, bar = 60 / take.bpm, int(row["time_signature"][0])
    begin = 0.2 - min(float(take.notes[0, START]) * beat, 0.0)  # nothing is cut off a first hit that comes early
    table = take.notes.copy()
    table[:, [START, END]] = table[:, [START, END]] * beat + begin
    table = table[table[:, START] < until]
    count = int(np.floor((table[-1, START] - begin) / beat + 0.1)) + 1
    times = begin + np.arange(count, dtype=np.float64) * beat
    return table, BeatGrid(times, np.arange(count) % bar + 1, bar)


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One performance; its name chooses the kit and the room."""
    row = chosen(archive)[name]
    rng = np.random.default_rng(int(_rank(name)[:15], 16))
    table, grid = performance(archive, row, max_seconds)
    seconds = float(table[-1, END]) + 1.0
    font = synth.soundfont(str(rng.choice(synth.SOUNDFONTS)))
    audio = synth.render([Part(table, int(rng.choice(KITS)), drums=True)], font, seconds)
    if rng.random() < 0.7:
        audio = mix.room(audio, rng, float(rng.uniform(0.2, 1.2)), float(rng.uniform(-26, -12)))
    track = Track(
        name=name, corpus="groove", artist=row["drummer"], licence=LICENCE, audio=Path(), lead=np.empty((0, 2)),
        grid=grid, trainable=True, onsets=np.unique(table[:, START]),
    )  # fmt: skip
    return track, mix.master(audio, rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """64 performances to train on, 12 to validate, 24 to test, rendered into `cache` where missing."""
    archive = root / "groove_midi" / "groove_midi.zip"
    work = partial(make, archive, MAX_SECONDS)
    return rendered(work, list(chosen(archive)), cache / "groove", VERSION, jobs, "Groove")
