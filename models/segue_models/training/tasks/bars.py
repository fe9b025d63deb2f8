"""Downbeats among given beats, after Krebs et al. 2016 (specs 4.2), learnt on annotated beats placed as trackers do."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import beat_sync
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.signal.frames import BEAT_FPS
from segue_models.training import songs
from segue_models.training.batches import Batch, drawn
from segue_models.training.beat_augment import mixed, other_mix
from segue_models.training.beat_examples import BeatExample, prepare

F32 = NDArray[np.float32]

LABEL = "a downbeat on this beat, by its drums and by its harmony"

STRETCH_BEATS = 64
WALTZ = "3/4"  # its weight in a recipe is that of songs in 3/4
LEFT_OUT_SHARE = 0.1  # how often bars of four lose a beat, always the same: songs in 3/4 are rare
ALL_OFF_S, EACH_OFF_S, FARTHEST_S = 0.015, 0.01, 0.04  # of tracked beats: together, one by one, at most
MARGIN_FRAMES = 10  # heard on both sides of a stretch


def feature(recipe: Recipe) -> dict[str, Any]:
    """What a network hears here, whatever the recipe."""
    return beat_sync.PARAMETERS


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """What the drums say, what the harmony says."""
    return ("drums", "harmony")


def load(recipe: Recipe, where: Paths, log: songs.Log) -> list[BeatExample]:
    """Songs with annotated beats and bars."""
    tracks = songs.tracks(recipe.data.corpora, where, log)
    barred = [track for track in tracks if track.grid is not None and track.grid.positions.any()]
    return prepare(barred, beat_sync.extract, beat_sync.PARAMETERS, where, log)


def normalisation(examples: Sequence[BeatExample]) -> tuple[F32, F32]:
    """Mean and standard deviation of each value of a beat over the training songs, (204,) each."""
    beats = np.concatenate([beat_sync.of_beats(e.features.astype(np.float32), e.beats / BEAT_FPS) for e in examples])
    return beats.mean(axis=0), np.maximum(beats.std(axis=0), 1e-3)


def batches(
    recipe: Recipe, examples: Sequence[BeatExample], norm: tuple[F32, F32], rng: np.random.Generator, vary: bool
) -> Iterator[Batch]:
    """One epoch of stretches (batch, STRETCH_BEATS, 204), targets and weights (batch, STRETCH_BEATS, 1).

    A song gives one stretch for every STRETCH_BEATS of its length, times the weight of its corpus and of its metre.
    """
    weights = recipe.data.weights if vary else {}
    counts = [
        len(e.beats) / STRETCH_BEATS * weights.get(e.corpus, 1.0)
        * (weights.get(WALTZ, 1.0) if e.positions.max() == 3 else 1.0)
        for e in examples
    ]  # fmt: skip
    for chosen in drawn(counts, recipe.training.batch, rng):
        rows = []
        for i in chosen:
            first = int(rng.integers(0, max(1, len(examples[i].beats) - STRETCH_BEATS)))
            x, y = varied(examples[i], first, rng, recipe.training.augment) if vary else stretch(examples[i], first)
            short = STRETCH_BEATS - len(y)
            w = np.pad(np.ones_like(y), (0, short))
            rows.append((np.pad((x - norm[0]) / norm[1], ((0, short), (0, 0))), np.pad(y, (0, short)), w))
        x, y, w = (np.stack(column) for column in zip(*rows, strict=True))
        yield x, y[..., None], w[..., None]


def stretch(example: BeatExample, first: int) -> tuple[F32, F32]:
    """At most STRETCH_BEATS beats from the `first` on: values (beats, 204), downbeats (beats,)."""
    frames, times, positions = _cut(example, first, STRETCH_BEATS)
    return beat_sync.of_beats(frames, times), (positions[:-1] == 1).astype(np.float32)


def varied(example: BeatExample, first: int, rng: np.random.Generator, remix: bool) -> tuple[F32, F32]:
    """The stretch with beats a little off; where there is to be a `remix`, in another key and another mix too."""
    waltz = example.positions.max() == 4 and rng.random() < LEFT_OUT_SHARE
    frames, times, positions = _cut(example, first, STRETCH_BEATS * 4 // 3 + 2 if waltz else STRETCH_BEATS)
    off = rng.normal(0, ALL_OFF_S) + rng.normal(0, EACH_OFF_S, len(times))
    times = times + np.clip(off, -FARTHEST_S, FARTHEST_S)
    if remix:
        bands, chroma = frames[:, : beat_sync.BANDS], frames[:, beat_sync.BANDS :]
        frames = np.hstack([mixed(bands, *other_mix(rng), rng), np.roll(chroma, rng.integers(12), axis=1)])
    there = positions[:-1] != (rng.integers(2, 5) if waltz else 0)
    x, y = beat_sync.of_beats(frames, times), (positions[:-1] == 1).astype(np.float32)
    return x[there][:STRETCH_BEATS], y[there][:STRETCH_BEATS]


def _cut(example: BeatExample, first: int, beats: int) -> tuple[F32, NDArray[np.float64], NDArray[np.int64]]:
    """Frames around `beats` beats and the one after them, when those are in seconds, and their positions."""
    part = slice(first, first + beats + 1)
    at = example.beats[part]
    begin = max(0, int(at[0]) - MARGIN_FRAMES)
    frames = example.features[begin : int(at[-1]) + MARGIN_FRAMES].astype(np.float32)
    return frames, (at - begin) / BEAT_FPS, example.positions[part]
