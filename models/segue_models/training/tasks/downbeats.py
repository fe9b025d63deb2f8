"""Beats and downbeats of every frame by one network, after Böck, Krebs and Widmer 2016 (specs 4.2)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import bock2016
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.batches import Batch
from segue_models.training.beat_augment import augment
from segue_models.training.beat_examples import BeatExample, normalisation, prepare, stretches

__all__ = ["LABEL", "batches", "feature", "load", "normalisation", "outputs"]

LABEL = "exclusive: no beat, a beat that is no downbeat, a downbeat; of frames of 10 ms"


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return bock2016.PARAMETERS


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """The three classes."""
    return ("none", "beat", "downbeat")


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BeatExample]:
    """Songs with annotated beats and bars."""
    tracks = songs.tracks(recipe.data.corpora, where, log)
    return prepare(tracks, bock2016.extract, bock2016.PARAMETERS, where, log)


def batches(
    recipe: Recipe,
    examples: Sequence[BeatExample],
    norm: tuple[NDArray[np.float32], NDArray[np.float32]],
    rng: np.random.Generator,
    vary: bool,
) -> Iterator[Batch]:
    """One epoch of stretches (batch, frames, bands), targets (batch, frames, 3), weights (batch, frames, 1)."""
    mix = augment if recipe.training.augment else None
    for x, beats, downbeats in stretches(recipe, examples, norm, rng, vary, mix):
        only_beat = np.maximum(beats - downbeats, 0.0)
        y = np.stack([1.0 - only_beat - downbeats, only_beat, downbeats], axis=-1)
        yield x, y.astype(np.float32), np.ones_like(y[..., :1], dtype=np.float32)
