"""What the tests of corpora that a speaker sings share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from segue_models.rendering.mix import envelope


@contextmanager
def renders(corpus, production, step, data, spoken, analysed) -> Iterator[Callable]:
    """make() -> (track, audio, the dry voice) of 20 s of the corpus' first song, sung by the actress.

    `step` names what `production` does to a dry voice.
    """
    speaker, cache = analysed
    name = f"{corpus.__name__.rpartition('.')[2]}-{corpus.chosen(data)[0]}"
    dry, treated = [], getattr(production, step)

    def heard(stem, *others):
        dry.append(stem)
        return treated(stem, *others)

    def make():
        track, audio = corpus.make(data, cache, 20.0, name)
        return track, audio, dry[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus.speakers, "recordings", lambda share=None: {speaker: spoken[speaker]})
        patch.setattr(production, step, heard)
        yield make


def contrast_db(lead, stem) -> float:
    """Power of the dry voice inside the labels against outside them."""
    env = envelope(stem)
    t = (np.arange(len(env)) + 0.5) / 100
    inside = np.any((t[:, None] >= lead[:, 0]) & (t[:, None] < lead[:, 1]), axis=1)
    assert inside.sum() > 200
    return float(20 * np.log10(np.sqrt(np.mean(env[inside] ** 2)) / np.sqrt(np.mean(env[~inside] ** 2))))
