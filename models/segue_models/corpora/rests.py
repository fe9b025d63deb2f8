"""POP909 whose lead rests: somebody sings or plays the melody of some phrases, or nobody of any; half without drums.

Where the melody rests the phrases of the score (Dai, Zhang and Dannenberg 2020) tell where an instrumental one begins.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from segue_models.corpora import pop909
from segue_models.rendering import score as scores
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import START
from segue_models.rendering.production import MAX_SECONDS, excerpted, produce
from segue_models.rendering.score import Score
from segue_models.rendering.singers import singer_for
from segue_models.track import Track

VERSION = 1
TEST, VALIDATION = 40, 53  # all that the data set has of them
LED = 0.7  # share of the songs in which anybody leads at all
KEPT = 0.5  # chance that the phrases of one label have their melody


def split(name: str) -> str:
    """That of the score in `pop909`: `validation` or `test`; no network has heard either."""
    return pop909.split(name.removeprefix("rests-"))


def chosen(root: Path) -> list[str]:
    """The song numbers rendered, in an order that mixes the two parts."""
    return pop909.picked(root, {"test": TEST, "validation": VALIDATION})


def thinned(score: Score, rng: np.random.Generator) -> Score:
    """The score with the melody of some phrases alone, or of none; phrases of one label are treated alike."""
    led = rng.random() < LED
    kept = {label for label in sorted(set(score.labels)) if rng.random() < KEPT and led}
    at = np.searchsorted(score.sections, score.melody[:, START] + 0.1, side="right") - 1
    stays = np.array([i >= 0 and score.labels[i] in kept for i in at], dtype=bool)
    return replace(score, melody=score.melody[stays])


def make(root: Path, cache: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """Renders one song: the same audio for the same name, always."""
    song = name.removeprefix("rests-")
    rng = np.random.default_rng(int(hashlib.sha256(f"segue rests {song}".encode()).hexdigest()[:15], 16))
    score = thinned(excerpted(scores.read(root / "pop909", song), rng, max_seconds), rng)
    # Licks in the rests would be another lead.
    without = ("answers", "drums") if rng.random() < 0.5 else ("answers",)
    voice, recordings = singer_for(root, cache, rng) if len(score.melody) else (None, ())
    made = produce(score, voice, root / "groove_midi" / "groove_midi.zip", rng, without)
    track = Track(
        name=name, corpus="rests", artist=f"pop909-{song}", licence=pop909.LICENCE, audio=Path(), lead=made.lead,
        grid=pop909.felt(score.grid), sections=score.sections, section_labels=score.labels, trainable=True,
        voices=recordings, onsets=made.onsets,
    )  # fmt: skip
    return track, made.audio


def tracks(root: Path, cache: Path, jobs: int = 1, only: Collection[str] | None = None) -> list[Track]:
    """All songs, or `only` those of some numbers; what is missing is rendered.

    root: folder of data sets; cache: where renders are kept.
    """
    names = [f"rests-{song}" for song in chosen(root) if only is None or song in only]
    work = partial(make, root, cache, MAX_SECONDS)
    return rendered(work, names, cache / "rests", VERSION, jobs, "POP909 with rests")
