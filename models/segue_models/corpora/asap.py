"""ASAP: expressive piano performances with annotated beats, rendered; for evaluation only (CC BY-NC-SA).

Foscarin et al., ISMIR 2020.
"""

import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from segue_models.rendering import midi
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.synth import soundfont
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

VERSION = 1
LICENCE = "CC BY-NC-SA 4.0"
MAX_SECONDS = 120.0
PIANO = "FluidR3_GM.sf2"


def split(name: str) -> str:
    """Always `test`: nothing is trained on these performances."""
    return "test"


def _files(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as z:
        paths = [n.removesuffix(".mid") for n in z.namelist() if n.endswith(".mid")]
    return {path.replace("/", "_"): path for path in sorted(paths)}


def grid(archive: Path, path: str, until: float) -> BeatGrid:
    """Annotated beats of a performance up to `until` seconds: b is a beat, bR one played freely, db a downbeat."""
    with zipfile.ZipFile(archive) as z:
        rows = [line.split("\t") for line in z.read(f"{path}_annotations.txt").decode().splitlines()]
    found = {float(row[0]): row[2].startswith("db") for row in rows if float(row[0]) < until}
    times = np.array(sorted(found))
    down = np.flatnonzero([found[t] for t in times])
    bar = int(np.bincount(np.diff(down)).argmax()) if len(down) > 1 else 4
    since = np.arange(len(times)) - down[np.maximum(np.searchsorted(down, np.arange(len(times)), side="right") - 1, 0)]
    return BeatGrid(times, np.where(since < 0, since % bar, since) + 1, bar)


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One performance, as it was played, with its pedal."""
    path = _files(archive)[name]
    track = Track(
        name=name, corpus="asap", artist=path.split("/")[0], licence=LICENCE, audio=Path(), lead=np.empty((0, 2)),
        grid=grid(archive, path, max_seconds), trainable=False,
    )  # fmt: skip
    return track, midi.play(midi.read(archive, f"{path}.mid"), soundfont(PIANO), max_seconds)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The first two minutes of the 74 performances, rendered into `cache` where missing."""
    archive = root / "asap_sample" / "asap_sample.zip"
    work = partial(make, archive, MAX_SECONDS)
    return rendered(work, list(_files(archive)), cache / "asap", VERSION, jobs, "ASAP")
