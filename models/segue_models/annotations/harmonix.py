"""Harmonix set (Nieto et al. 2019): beats, downbeats and labelled sections of 912 songs, and a published evaluation."""

import csv
import io
import zipfile

import numpy as np

from segue_models.annotations import Floats, Segments, beats, segments
from segue_models.signal.frames import BeatGrid


def metadata(archive: zipfile.ZipFile) -> dict[str, dict[str, str]]:
    """Title, Artist, BPM, Time Signature and more of each song."""
    return {row["File"]: row for row in csv.DictReader(io.StringIO(archive.read("metadata.csv").decode()))}


def grid(archive: zipfile.ZipFile, song: str) -> BeatGrid:
    """Beats with their place in the bar, on the clock of the recording that the set was made from."""
    return beats(archive.read(f"beats_and_downbeats/{song}.txt").decode())


def sections(archive: zipfile.ZipFile, song: str) -> Segments:
    """Sections such as intro, verse, chorus, up to the end of the music.

    Four songs have two ends, that of the music first; two have none, and their last section is left out.
    """
    lines = archive.read(f"segments/{song}.txt").decode().splitlines()
    rows = [(float(time), label) for time, label in (line.split(maxsplit=1) for line in lines if line.strip())]
    ends = [time for time, label in rows if label == "end"]
    return segments(rows, ends[0]) if ends else segments(rows)


def published(results: zipfile.ZipFile, what: str) -> dict[str, dict[str, float]]:
    """Published scores of the estimates Boeck_1 by song; `what` is beats or downbeats."""
    rows = list(csv.DictReader(io.StringIO(results.read(f"results/{what}/Bock 1.csv").decode())))
    return {row.pop("Track ID"): {k: float(v) for k, v in row.items() if k} for row in rows}


def estimate(results: zipfile.ZipFile, what: str, song: str) -> Floats:
    """Published estimates (beats,) in seconds of Boeck_1 for a song; `what` is beats or downbeats."""
    lines = results.read(f"results/{what}/Bock_1/{song}.txt").decode().split()
    return np.array([float(line) for line in lines])
