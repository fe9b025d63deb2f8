"""A song as an example for the boundary networks: rows of its feature, and its annotated boundaries. No torch here."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import mel
from segue_models.paths import Paths
from segue_models.recipe import Recipe
from segue_models.signal import audio, music
from segue_models.song import hear
from segue_models.track import Track
from segue_models.training.batches import Batch
from segue_models.training.cache import Arrays, cached
from segue_models.training.songs import Log

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Feature = Callable[[F32], F32]

SMEAR_S = 0.75  # rows this near to a boundary are positive too: 1.5 s in all, as the published code reads the paper
POSITIVES = 5  # times a positive row is drawn for each time another one is
SLOWER = 1.15  # excerpts are varied in speed by up to this factor, both ways
CHECKED = 4  # every so many rows of a validation song are looked at


@dataclass(frozen=True)
class BoundaryExample:
    """features: (rows + 2 * mel.PADDING_ROWS, columns) float16.

    phrases, sections: (boundaries,) seconds from where the music begins.
    """

    name: str
    corpus: str
    licence: str
    voices: tuple[str, ...]
    trainable: bool
    features: NDArray[np.float16]
    phrases: Floats
    sections: Floats

    @property
    def rows(self) -> int:
        """Rows of the song itself."""
        return len(self.features) - 2 * mel.PADDING_ROWS


def prepare(
    tracks: Sequence[Track], feature: Feature, parameters: dict[str, Any], where: Paths, log: Log
) -> list[BoundaryExample]:
    """Examples of the tracks with annotated boundaries; features are kept on disk, so that a stopped run goes on."""
    marked = [track for track in tracks if len(track.sections)]
    work = partial(_kept, where.cache / str(parameters["name"]), json.dumps(parameters, sort_keys=True), feature)
    out = []
    with ProcessPoolExecutor(where.jobs) as pool:
        for done, (track, (features, start)) in enumerate(zip(marked, pool.map(work, marked), strict=True), 1):
            if done % 20 == 0 or done == len(marked):
                log(f"features {done}/{len(marked)}")
            facts = track.name, track.corpus, track.licence, track.voices, track.trainable
            out.append(BoundaryExample(*facts, features, track.sections - start, coarse(track) - start))
    return out


def coarse(track: Track) -> Floats:
    """Boundaries of the upper level: those of the phrases whose letter differs from that of the phrase before.

    POP909 names phrases, A A B B x A: a run of one letter is one section, and a letter's case tells sung phrases from
    instrumental ones, so that b after B opens a section too. Without labels every boundary is of both levels.
    """
    names = track.section_labels
    if len(names) != len(track.sections):
        return track.sections
    opens = [i == 0 or names[i] != names[i - 1] for i in range(len(names))]
    return np.asarray(track.sections[np.array(opens, bool)])


def _kept(folder: Path, key: str, feature: Feature, track: Track) -> tuple[NDArray[np.float16], float]:
    """The feature as serving hears the song, and seconds of the recording before its music begins."""

    def make(track: Track) -> Arrays:
        heard = hear(audio.read([track.audio]))
        return {"features": feature(heard.samples).astype(np.float16), "start": heard.start}

    found = cached(folder, track, f"{music.VERSION}|{key}", make)
    return found["features"], float(found["start"])


def normalisation(examples: Sequence[BoundaryExample]) -> tuple[F32, F32]:
    """Mean and standard deviation of each column over the training songs, (columns,) each."""
    count = sum(len(e.features) for e in examples)
    mean = sum(e.features.sum(axis=0, dtype=np.float64) for e in examples) / count
    square = sum(np.square(e.features, dtype=np.float32).sum(axis=0, dtype=np.float64) for e in examples) / count
    return mean.astype(np.float32), np.sqrt(np.maximum(square - mean**2, 1e-6)).astype(np.float32)


def smeared(boundaries: Floats, rows: int, smear_s: float = SMEAR_S) -> tuple[F32, F32]:
    """Targets and weights (rows,): rows near a boundary are positive, and count the less the farther they are.

    The label is 1 and the weight exp(-2 d^2 / h^2), h = smear_s in rows: not a soft label (specs 4.3).
    """
    reach = int(smear_s * mel.ROW_FPS)
    y, w = np.zeros(rows, np.float32), np.ones(rows, np.float32)
    if not len(boundaries):
        return y, w
    nearest = np.abs(mel.row_times(rows)[:, None] - boundaries[None, :]).argmin(axis=0)
    away = np.abs(np.arange(rows)[:, None] - nearest[None, :]).min(axis=1)
    near = away <= reach
    y[near] = 1.0
    w[near] = np.exp(-2.0 * (away[near] / reach) ** 2)
    return y, w


def excerpt_batches(
    recipe: Recipe,
    examples: Sequence[BoundaryExample],
    norm: tuple[F32, F32],
    rng: np.random.Generator,
    vary: bool,
    levels: Sequence[str],
    spectra: int = 1,
) -> Iterator[Batch]:
    """One epoch of excerpts (batch, context, columns), targets and weights (batch, levels).

    levels: attributes of the example that hold the boundaries of each output, the last one the finest; spectra: so many
    mel spectra are in the first columns.
    """
    context = int(recipe.network["context_cells"])
    marks = [[smeared(getattr(e, level), e.rows) for level in levels] for e in examples]
    index = np.concatenate([_rows(i, marks[i][-1][0], vary) for i in range(len(examples))])
    order = rng.permutation(len(index)) if vary else np.arange(len(index))
    size = recipe.training.batch
    for start in range(0, len(order), size):
        x, y, w = [], [], []
        for song, row in index[order[start : start + size]]:
            rate = float(np.exp(rng.uniform(-1, 1) * np.log(SLOWER))) if vary else 1.0
            part = excerpt(examples[song].features, int(row) + mel.PADDING_ROWS, context, rate)
            x.append(varied(part, rng, spectra) if vary else part)
            y.append([mark[0][row] for mark in marks[song]])
            w.append([mark[1][row] for mark in marks[song]])
        yield (np.stack(x) - norm[0]) / norm[1], np.array(y, np.float32), np.array(w, np.float32)


def _rows(song: int, positive: F32, vary: bool) -> NDArray[np.int64]:
    """(song, row) of what is looked at: positives over-sampled to train, a few of all to validate."""
    every = np.arange(len(positive))
    rows = np.repeat(every, np.where(positive > 0, POSITIVES, 1)) if vary else every[::CHECKED]
    return np.stack([np.full(len(rows), song), rows], axis=1)


def excerpt(features: NDArray[np.float16], centre: int, context: int, rate: float) -> F32:
    """The `context` rows around `centre` as if played `rate` times as fast; what lies outside is as the nearest row."""
    rows = centre + np.rint((np.arange(context) - context // 2) * rate).astype(np.int64)
    return np.asarray(features[np.clip(rows, 0, len(features) - 1)], dtype=np.float32)


def varied(rows: F32, rng: np.random.Generator, spectra: int = 1) -> F32:
    """Another mix of the same music: pitch, equaliser and level of all mel spectra; the lag columns stay."""
    columns = spectra * mel.BANDS
    heard = rows[:, :columns].reshape(len(rows), spectra, mel.BANDS)
    shift = int(rng.integers(-2, 3))
    if shift:
        heard = heard[..., np.clip(np.arange(mel.BANDS) - shift, 0, mel.BANDS - 1)]
    place = np.arange(mel.BANDS) / mel.BANDS
    waves = [rng.normal(0, 0.4 / n) * np.cos(np.pi * n * place + rng.uniform(0, np.pi)) for n in (1, 2, 3, 4)]
    heard = heard + np.asarray(np.sum(waves, axis=0) + rng.normal(0, 0.4), dtype=np.float32)
    heard = np.maximum(heard, np.float32(np.log(mel.FLOOR)))
    return np.concatenate([heard.reshape(len(rows), -1), rows[:, columns:]], axis=1)
