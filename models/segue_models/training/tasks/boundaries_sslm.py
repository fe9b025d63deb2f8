"""Boundaries of sections and of phrases from mel and lag excerpts, after Grill and Schlüter 2015 (specs 4.4)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import lag_similarity
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch
from segue_models.training.boundary_examples import BoundaryExample, excerpt_batches, normalisation, prepare

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]

LABEL = "a section (a run of one letter), a phrase begins within 0.75 s of this row, weighted by a Gaussian"


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return lag_similarity.PARAMETERS


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """The two levels of annotation, coarse and fine."""
    return ("section", "phrase")


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BoundaryExample]:
    """Songs with annotated phrases."""
    return prepare(
        songs.tracks(recipe.data.corpora, where, log), lag_similarity.extract, lag_similarity.PARAMETERS, where, log
    )


def batches(
    recipe: Recipe,
    examples: Sequence[BoundaryExample],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch of excerpts (batch, context, columns), targets and weights (batch, 2)."""
    return excerpt_batches(recipe, examples, norm, rng, vary, ("sections", "phrases"))
