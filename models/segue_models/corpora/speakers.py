"""POP909 sung by many people: the speakers of free games and spelling books.

Only songs of POP909's training part are sung, so the other parts stay unheard; all are songs to train on.
"""

from functools import partial
from pathlib import Path

import numpy as np

from segue_models.corpora import pop909
from segue_models.corpora.evr_remix import seed
from segue_models.rendering import score as scores
from segue_models.rendering import speakers
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.production import excerpted, produce
from segue_models.track import Track

VERSION = 1
UNEVEN = ("098", "257")  # their phrases do not start at one place in the bar
MAX_SECONDS = 75.0


def chosen(root: Path) -> list[str]:
    """The numbers of the songs sung: all of the training part; the first are those that `pop909` does not render."""
    training = [s for s in scores.songs(root / "pop909") if pop909.split(s) == "train" and s not in UNEVEN]
    again = set(pop909.chosen(root))
    return sorted(training, key=lambda song: (song in again, seed(song)))


def make(root: Path, cache: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """Renders one song: the same audio for the same name, always."""
    rng = np.random.default_rng(seed(name))
    score = excerpted(scores.read(root / "pop909", name.removeprefix("speakers-")), rng, max_seconds)
    speaker = str(rng.choice(list(speakers.recordings())))
    made = produce(score, speakers.voice(speaker, cache / "voices"), root / "groove_midi" / "groove_midi.zip", rng)
    track = Track(
        name=name, corpus="speakers", artist=name, licence=f"{speakers.licence(speaker)} voice; {pop909.LICENCE}",
        audio=Path(), lead=made.lead, grid=pop909.felt(score.grid), sections=score.sections,
        section_labels=score.labels, trainable=True, voices=(speaker,), onsets=made.onsets,
    )  # fmt: skip
    return track, made.audio


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """All songs; `root` is the folder of data sets, `cache` where renders are kept. What is missing is rendered."""
    names = [f"speakers-{song}" for song in chosen(root)]
    return rendered(partial(make, root, cache, MAX_SECONDS), names, cache / "speakers", VERSION, jobs, "Speakers")
