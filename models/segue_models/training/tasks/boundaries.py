"""Boundaries of phrases from mel excerpts, after Ullrich, Schlüter and Grill 2014 (specs 4.3)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import mel
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch
from segue_models.training.boundary_examples import BoundaryExample, excerpt_batches, normalisation, prepare

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]

LABEL = "a phrase begins within 0.75 s of this row, weighted by a Gaussian"


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return mel.PARAMETERS


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """One activation."""
    return ("phrase",)


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BoundaryExample]:
    """Songs with annotated phrases."""
    return prepare(songs.tracks(recipe.data.corpora, where, log), mel.extract, mel.PARAMETERS, where, log)


def batches(
    recipe: Recipe,
    examples: Sequence[BoundaryExample],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch of excerpts (batch, context, bands), targets and weights (batch, 1)."""
    return excerpt_batches(recipe, examples, norm, rng, vary, ("phrases",))
