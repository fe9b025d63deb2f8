"""Freedoom: General MIDI music for full band (BSD), rendered; the tempo map is the beat, the time signature the bar.

A file without a time signature is in 4/4, as the MIDI standard says.
"""

import hashlib
import zipfile
from functools import partial
from pathlib import Path

import mido
import numpy as np

from segue_models.rendering import midi
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.synth import SOUNDFONTS, soundfont
from segue_models.track import Track

VERSION = 1
ARTIST, LICENCE = "Freedoom project", "BSD 3-clause"
MAX_SECONDS, MIN_SECONDS = 120.0, 20.0
FASTEST_BPM = 215.0  # nobody taps faster: such a file's beat is not its quarter note
ON_THE_GRID = 1.5  # times as many notes near the sixteenths as elsewhere; played freely beside its tempo map: about 1
# What `usable` says of all 112, kept because it takes 20 s to find out.
LEFT_OUT = (
    "d_dm06", "d_dm17", "d_dm29", "d_dm2ttl", "d_e2m2", "d_e2m8", "d_e4m4", "d_fdmint", "d_fdmrdm", "d_fdmttl",
    "d_intro", "d_introa", "d_map19", "d_map32", "dummy",
)  # fmt: skip


def _rank(name: str) -> int:
    return int(hashlib.sha256(f"segue freedoom {name}".encode()).hexdigest()[:15], 16)


def split(name: str) -> str:
    """`train` (seven tenths), `validation` (one) or `test` for a track name; fixed for ever by the name."""
    return {0: "test", 1: "test", 2: "validation"}.get(_rank(name) % 10, "train")


def usable(file: mido.MidiFile) -> bool:
    """Whether the file has one metre of whole beats, and notes that keep to its tempo map, for long enough."""
    notes = midi.note_ticks(file)
    if len(notes) < 100:
        return False
    phase = (notes / file.ticks_per_beat * 4 + 0.15) % 1
    try:
        beats = midi.grid(file, MAX_SECONDS)
    except ValueError:
        return False
    long_enough = beats.times[-1] - beats.times[0] >= MIN_SECONDS
    return bool(long_enough and beats.tempo_bpm <= FASTEST_BPM and (phase < 0.3).mean() / 0.3 >= ON_THE_GRID)


def chosen(archive: Path) -> list[str]:
    """The names of the files used, sorted."""
    with zipfile.ZipFile(archive) as z:
        names = sorted(n.removesuffix(".mid") for n in z.namelist())
    return [n for n in names if n not in LEFT_OUT]


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song, by a soundfont that its name chooses."""
    file = midi.read(archive, f"{name}.mid")
    font = soundfont(SOUNDFONTS[_rank(name) // 10 % len(SOUNDFONTS)])
    track = Track(
        name=name, corpus="freedoom", artist=ARTIST, licence=LICENCE, audio=Path(), lead=np.empty((0, 2)),
        grid=midi.grid(file, max_seconds), trainable=True,
    )  # fmt: skip
    return track, midi.play(file, font, max_seconds)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The first two minutes of all usable files, rendered into `cache` where missing."""
    archive = root / "freedoom_midi" / "freedoom_midi.zip"
    return rendered(partial(make, archive, MAX_SECONDS), chosen(archive), cache / "freedoom", VERSION, jobs, "Freedoom")
