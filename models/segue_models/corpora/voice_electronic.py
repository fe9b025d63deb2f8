"""Real singers over electronic backings: CC0 vocal stems with POP909 songs on synthesisers, in their tempo and key.

As in `voice_over` only POP909 songs of the training part lend their chords.
"""

from functools import partial
from pathlib import Path

import numpy as np

from segue_models.corpora import evr
from segue_models.corpora.evr_remix import seed
from segue_models.corpora.voice_over import accompanied, labelled, lasting, take
from segue_models.rendering import mix
from segue_models.rendering.batch import rendered
from segue_models.rendering.electronic import backing, plan, voiced
from segue_models.rendering.mix import Samples
from segue_models.rendering.production import over
from segue_models.track import Track

VERSION = 1
PER_SONG = 30
MAX_SECONDS = 90.0
BALANCE_DB = (-10.0, 6.0)  # of the voice over the backing: some mixes bury it


def make(root: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song: the same audio for the same name, always."""
    song = name.removeprefix("synth-").rsplit("-", 1)[0]
    rng = np.random.default_rng(seed(name))
    sung = take(root, song, rng, max_seconds)
    score = accompanied(root, sung, rng)
    audio, tables = backing(score, score.grid, plan(score.grid, rng), lasting(sung, score), rng)
    voice = mix.equalised(sung.audio[: len(audio)], rng, 3.0)
    if rng.random() < 0.5:  # the stems are produced already
        voice = voiced(voice, 60 / score.grid.tempo_bpm, rng)
    mixed = over(voice, audio, float(rng.uniform(*BALANCE_DB)))
    return labelled("voice_electronic", name, song, sung, score, tables), mix.master(mixed, rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """120 songs, thirty to each EVR song with phrases, rendered into `cache` where missing."""
    names = [f"synth-{song}-{k}" for k in range(PER_SONG) for song in evr.SUNG]
    return rendered(
        partial(make, root, MAX_SECONDS), names, cache / "voice_electronic", VERSION, jobs, "Voices over synthesisers"
    )
