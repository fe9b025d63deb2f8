"""Beats of every frame, after Böck and Schedl 2011 (specs 4.1)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import bock2011
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch
from segue_models.training.beat_examples import BeatExample, normalisation, prepare, stretches

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]

LABEL = "a beat within this frame of 10 ms"


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return bock2011.PARAMETERS


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """One activation."""
    return ("beat",)


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BeatExample]:
    """Songs with annotated beats."""
    tracks = songs.tracks(recipe.data.corpora, where, log)
    return prepare(tracks, bock2011.extract, bock2011.PARAMETERS, where, log)


def batches(
    recipe: Recipe,
    examples: Sequence[BeatExample],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch of stretches (batch, frames, bands), targets and weights (batch, frames, 1)."""
    for x, beats, _ in stretches(recipe, examples, norm, rng, vary):
        y = beats[..., None]
        yield x, y, np.ones_like(y)
