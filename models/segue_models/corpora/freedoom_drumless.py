"""Freedoom without its drums: the songs of `freedoom`, in their own tempo or one that moves; the same truth."""

import hashlib
from functools import partial
from pathlib import Path

import mido
import numpy as np

from segue_models.corpora import freedoom
from segue_models.rendering import midi, tempo
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.synth import SOUNDFONTS, soundfont
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

VERSION = 1
MAX_SECONDS = 75.0
DRUMS = 9  # the channel of General MIDI's drums, from 0


def kind(name: str) -> str:
    """How the tempo of a song moves."""
    return name.split("-")[0]


def split(name: str) -> str:
    """That of the song in `freedoom`: `train`, `validation` or `test`."""
    return freedoom.split(name.split("-")[1])


def drumless(file: mido.MidiFile) -> mido.MidiFile:
    """The file without what its drums play."""
    out = mido.MidiFile(ticks_per_beat=file.ticks_per_beat)
    for track in file.tracks:
        kept, waited = mido.MidiTrack(), 0
        for message in track:
            waited += message.time
            if message.is_meta or getattr(message, "channel", None) != DRUMS:
                kept.append(message.copy(time=waited))
                waited = 0
        out.tracks.append(kept)
    return out


def chosen(archive: Path) -> list[str]:
    """The names of the songs: each of `freedoom` in every kind of tempo."""
    return [f"{kind}-{name}" for name in freedoom.chosen(archive) for kind in tempo.KINDS]


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song, by a soundfont that its name chooses."""
    rng = np.random.default_rng(int(hashlib.sha256(f"segue drumless {name}".encode()).hexdigest()[:15], 16))
    file = midi.read(archive, f"{name.split('-')[1]}.mid")
    before = midi.grid(file, max_seconds)
    grid = tempo.bent(before, kind(name), rng)
    moved = midi.retimed(drumless(file), lambda times: grid.seconds(before.phase(times)))
    count = max(2, int(np.searchsorted(grid.times, max_seconds)))
    track = Track(
        name=name, corpus="freedoom_drumless", artist=freedoom.ARTIST, licence=freedoom.LICENCE, audio=Path(),
        lead=np.empty((0, 2)), grid=BeatGrid(grid.times[:count], grid.positions[:count], grid.beats_per_bar),
        trainable=True,
    )  # fmt: skip
    return track, midi.play(moved, soundfont(str(rng.choice(SOUNDFONTS))), max_seconds)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """Up to 75 s of each song in every kind of tempo, rendered into `cache` where missing."""
    archive = root / "freedoom_midi" / "freedoom_midi.zip"
    work = partial(make, archive, MAX_SECONDS)
    return rendered(work, chosen(archive), cache / "freedoom_drumless", VERSION, jobs, "Freedoom without drums")
