"""Boundaries of sections and phrases from excerpts of mel, its two parts, and lags (Grill 2015, ISMIR; specs 4.4)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import harmonic_percussive
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch
from segue_models.training.boundary_examples import BoundaryExample, excerpt_batches, normalisation, prepare
from segue_models.training.tasks.boundaries_sslm import LABEL, outputs

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return harmonic_percussive.PARAMETERS


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BoundaryExample]:
    """Songs with annotated phrases."""
    tracks = songs.tracks(recipe.data.corpora, where, log)
    return prepare(tracks, harmonic_percussive.extract, harmonic_percussive.PARAMETERS, where, log)


def batches(
    recipe: Recipe,
    examples: Sequence[BoundaryExample],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch of excerpts (batch, context, columns), targets and weights (batch, 2)."""
    levels = ("sections", "phrases")
    return excerpt_batches(recipe, examples, norm, rng, vary, levels, harmonic_percussive.SPECTRA)
