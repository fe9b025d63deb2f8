"""Entries and exits from features in rows of beats or frames, as windows around onsets or as stretches of songs."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models import features
from segue_models.architectures import layout
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch, excerpt_batches, normalisation, song_batches
from segue_models.training.examples import Example

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]

LABEL = "entry: a sung phrase begins within two beats; exit: no phrase sounds for the next 0.75 beat"


def feature(recipe: Recipe) -> dict[str, Any]:
    """The recipe's feature and time base."""
    data = recipe.data
    pooled = {"pooled": data.pooled} if data.time_base == "frames" else {}
    apart = {"foreground": True} if data.foreground else {}
    return {**features.find(data.feature).PARAMETERS, "time_base": data.time_base, **pooled, **apart}


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """The roles; a dense network also says where the lead sounds."""
    return (*recipe.roles, "lead") if layout(recipe.architecture) == "song" else recipe.roles


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[Example]:
    """Songs with labels from the cut rule; raises ValueError where the recipe would vary what cannot be varied."""
    if recipe.training.augment and recipe.data.feature != "gammatone":
        raise ValueError(f"only gammatone can be varied, not {recipe.data.feature}: leave `augment` out of the recipe")
    if recipe.data.foreground and (layout(recipe.architecture) != "song" or recipe.training.beds):
        raise ValueError("a foreground is for dense networks, and of songs without other songs as `beds` under them")
    return songs.examples(recipe.data, where, log)


def batches(
    recipe: Recipe,
    examples: Sequence[Example],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch in the layout of the recipe's architecture."""
    if layout(recipe.architecture) == "song":
        return song_batches(recipe, examples, norm, rng, vary)
    context = int(recipe.network["context_cells"])
    return excerpt_batches(examples, recipe.roles[0], context, norm, recipe.training.batch, rng)
