"""Hears recordings as serving does, by the networks that ship: for whatever fits, measures or compares."""

from collections.abc import Callable, Sequence
from pathlib import Path

from segue_models import song
from segue_models.paths import Paths
from segue_models.serving import inference
from segue_models.signal import audio
from segue_models.song import Song


def listener(where: Paths) -> Callable[[Sequence[Path]], Song]:
    """What makes a Song of the files of a recording. Raises ValueError where a network is missing.

    It raises AudioError for what cannot be read.
    """
    if where.beats is None or where.sections is None:
        raise ValueError("the networks of beats and sections are not here: install Segue again")
    beats, sections = (inference.load(path, threads=1) for path in (where.beats, where.sections))
    return lambda paths: song.hear(audio.read(paths), beats, sections)
