"""A song as an example for the beat networks: spectra at 100 frames a second and annotated beats. No torch here."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models import song
from segue_models.corpora.pop909 import felt
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.signal import audio, music
from segue_models.signal.frames import BEAT_FPS
from segue_models.track import Track
from segue_models.training.batches import drawn
from segue_models.training.cache import Arrays, cached
from segue_models.training.songs import Log

F32 = NDArray[np.float32]
Feature = Callable[[F32], F32]
Mix = Callable[[F32, np.random.Generator], F32]

STRETCH_FRAMES = 1500  # 15 s: several bars, so that a downbeat can be told from its place
FASTER = 1.2  # stretches are varied in speed by up to this factor, both ways
WIDE = 0.5  # of a beat is also its neighbouring frames': annotations are not exact to 10 ms


@dataclass(frozen=True)
class BeatExample:
    """features: (frames, bands) float16; beats: (beats,) frames, not rounded; positions: (beats,) 1 is the downbeat."""

    name: str
    corpus: str
    licence: str
    voices: tuple[str, ...]
    trainable: bool
    features: NDArray[np.float16]
    beats: NDArray[np.float64]
    positions: NDArray[np.int64]


def prepare(
    tracks: Sequence[Track], feature: Feature, parameters: dict[str, Any], where: Paths, log: Log
) -> list[BeatExample]:
    """Examples of the tracks that have annotated beats; features are kept on disk, so that a stopped run goes on."""
    with_beats = [track for track in tracks if track.grid is not None]
    folder = where.cache / str(parameters["name"])
    work = partial(_kept, folder, json.dumps(parameters, sort_keys=True), feature)
    out = []
    with ProcessPoolExecutor(where.jobs) as pool:
        for done, (track, heard) in enumerate(zip(with_beats, pool.map(work, with_beats), strict=True), 1):
            if done % 20 == 0 or done == len(with_beats):
                log(f"features {done}/{len(with_beats)}")
            out.append(_example(track, *heard))
    return out


def _kept(folder: Path, key: str, feature: Feature, track: Track) -> tuple[NDArray[np.float16], float]:
    """The feature as serving hears the song, and seconds of the recording before its music begins."""

    def make(track: Track) -> Arrays:
        heard = song.hear(audio.read([track.audio]))
        return {"features": feature(heard.samples).astype(np.float16), "start": heard.start}

    found = cached(folder, track, f"{music.VERSION}|{key}", make)
    return found["features"], float(found["start"])


def _example(track: Track, features: NDArray[np.float16], start: float) -> BeatExample:
    assert track.grid is not None
    grid = felt(track.grid).later(-start)
    inside = (grid.times >= 0) & (grid.times * BEAT_FPS < len(features) - 0.5)
    return BeatExample(
        track.name, track.corpus, track.licence, track.voices, track.trainable,
        features, grid.times[inside] * BEAT_FPS, grid.positions[inside],
    )  # fmt: skip


def normalisation(examples: Sequence[BeatExample]) -> tuple[F32, F32]:
    """Mean and standard deviation of each band over the training songs, (bands,) each."""
    count = sum(len(e.features) for e in examples)
    mean = sum(e.features.sum(axis=0, dtype=np.float64) for e in examples) / count
    square = sum(np.square(e.features, dtype=np.float32).sum(axis=0, dtype=np.float64) for e in examples) / count
    return mean.astype(np.float32), np.sqrt(np.maximum(square - mean**2, 1e-6)).astype(np.float32)


def stretches(
    recipe: Recipe,
    examples: Sequence[BeatExample],
    norm: tuple[F32, F32],
    rng: np.random.Generator,
    vary: bool,
    mix: Mix | None = None,
) -> Iterator[tuple[F32, F32, F32]]:
    """One epoch of batches: features (batch, frames, bands), beats and downbeats (batch, frames).

    Where they are to `vary`, they are played faster or slower, and `mix` makes another mix of each.

    A song gives one stretch for every STRETCH_FRAMES of its length, times the weight of its corpus.
    """
    counts = [
        len(e.features) / STRETCH_FRAMES * (recipe.data.weights.get(e.corpus, 1.0) if vary else 1.0) for e in examples
    ]
    for chosen in drawn(counts, recipe.training.batch, rng):
        rows = []
        for i in chosen:
            rate = float(np.exp(rng.uniform(-1, 1) * np.log(FASTER))) if vary else 1.0
            first = float(rng.uniform(0, max(1.0, len(examples[i].features) - STRETCH_FRAMES * rate)))
            x, beats, downbeats = stretch(examples[i], first, STRETCH_FRAMES, rate)
            rows.append((mix(x, rng) if mix and vary else x, beats, downbeats))
        x, beats, downbeats = (np.stack(column) for column in zip(*rows, strict=True))
        yield (x - norm[0]) / norm[1], beats, downbeats


def stretch(
    example: BeatExample, first: float, frames: int, rate: float
) -> tuple[F32, NDArray[np.float32], NDArray[np.float32]]:
    """A stretch of a song as if played `rate` times as fast: features (frames, bands); beats, downbeats (frames,)."""
    at = first + np.arange(frames) * rate
    rows = np.rint(at).astype(np.int64)
    heard = (rows >= 0) & (rows < len(example.features))
    x = example.features[np.clip(rows, 0, len(example.features) - 1)].astype(np.float32)
    x[~heard] = 0.0
    placed = (example.beats - first) / rate
    return x, _marks(placed, frames), _marks(placed[example.positions == 1], frames)


def _marks(at: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """1 at each beat's nearest frame, WIDE at the frames beside it."""
    out = np.zeros(frames + 2, np.float32)
    nearest = np.rint(at).astype(np.int64) + 1
    for offset, value in ((-1, WIDE), (1, WIDE), (0, 1.0)):
        there = nearest + offset
        there = there[(there >= 0) & (there < frames + 2)]
        out[there] = np.maximum(out[there], value)
    return out[1:-1]
