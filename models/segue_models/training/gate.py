"""Which of two kinds of networks knows a song's music better, told by how much the sound of the song changes.

Electronic music, with its pauses, filters and drum machines, changes more than a band does. One number is enough to
tell its corpora from others, and too little to tell recordings from renders, which would be of no use.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue_models.serving.model_card import Calibration
from segue_models.signal import gammatone
from segue_models.training import calibrate
from segue_models.training.examples import Example

GAP_CELLS = 16  # a silence that lasts longer than twice as many, two beats where a beat has 16, is a pause
DOUBT = 1.0  # log odds: in doubt the kind decides that has heard all music; chosen with real songs in sight
Norm = tuple[NDArray[np.float32], NDArray[np.float32]]


def silent(norm: tuple[ArrayLike, ArrayLike]) -> NDArray[np.float32]:
    """Normalised level (bands,) that no band of a cell of silence reaches."""
    mean, std = (np.asarray(values)[: gammatone.BANDS] for values in norm)
    return np.asarray((gammatone.SILENT - mean) / std, dtype=np.float32)


def change(example: Example, norm: Norm) -> float:
    """Standard deviation over time of the normalised features of a song, without its foreground, mean over bands.

    Over what sounds: a pause changes nothing, however long.
    """
    bands = example.features.shape[1]
    sounding = gammatone.sounding(example.features, GAP_CELLS)
    if not sounding.any():
        return 0.0
    spread = example.features[sounding].astype(np.float32).std(axis=0) / norm[1][:bands]
    return float(spread.mean())


def fit(examples: Sequence[Example], music: Collection[str], norm: Norm) -> Calibration:
    """How a song's `change` becomes the chance that it is of the corpora named `music`; they weigh as the others do."""
    changes = np.array([change(e, norm) for e in examples])
    theirs = np.array([e.corpus in music for e in examples])
    weights = np.where(theirs, 0.5 / max(theirs.sum(), 1), 0.5 / max((~theirs).sum(), 1)) * len(examples)
    found = calibrate.fit(changes, theirs, weights, ())
    return replace(found, offset=found.offset - DOUBT)
