"""POP909 as electronic music, sung by the speakers of free games and spelling books.

Songs of `speakers`, of POP909's training part, with other voices, beats, sounds and rests; all are songs to train on.
"""

from functools import partial
from pathlib import Path

import numpy as np

from segue_models.corpora import pop909
from segue_models.corpora import speakers as speakers_corpus
from segue_models.corpora.evr_remix import seed
from segue_models.rendering import score as scores
from segue_models.rendering import speakers
from segue_models.rendering.batch import rendered
from segue_models.rendering.electronic import produce
from segue_models.rendering.mix import Samples
from segue_models.rendering.production import excerpted
from segue_models.track import Track

VERSION = 1
MAX_SECONDS = 90.0


def chosen(root: Path) -> list[str]:
    """The numbers of the songs."""
    # Any order would do, but what is trained follows it.
    return sorted(speakers_corpus.chosen(root), key=lambda song: seed(f"electronic {song}"))


def make(root: Path, cache: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """Renders one song: the same audio for the same name, always."""
    rng = np.random.default_rng(seed(name))
    score = excerpted(scores.read(root / "pop909", name.removeprefix("electronic-")), rng, max_seconds)
    grid = pop909.felt(score.grid)
    speaker = str(rng.choice(list(speakers.recordings())))
    made = produce(score, grid, speakers.voice(speaker, cache / "voices"), rng)
    track = Track(
        name=name, corpus="electronic", artist=name, licence=f"{speakers.licence(speaker)} voice; {pop909.LICENCE}",
        audio=Path(), lead=made.lead, grid=grid, sections=score.sections, section_labels=score.labels,
        trainable=True, voices=(speaker,), onsets=made.onsets,
    )  # fmt: skip
    return track, made.audio


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """All songs; `root` is the folder of data sets, `cache` where renders are kept. What is missing is rendered."""
    names = [f"electronic-{song}" for song in chosen(root)]
    return rendered(partial(make, root, cache, MAX_SECONDS), names, cache / "electronic", VERSION, jobs, "Electronic")
