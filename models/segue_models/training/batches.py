"""Batches from examples, for both layouts: windows around onsets, or stretches of songs."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segue_models.recipe import Recipe
from segue_models.training.augment import augment
from segue_models.training.examples import ROLES, Example

F32 = NDArray[np.float32]
Batch = tuple[F32, F32, F32]  # inputs, targets, weights

STRETCH_BEATS = 128
STRETCHES = 8  # stretches in a batch of the "song" layout
# Every cell has a label, but only onsets are ever asked for; the rest teaches the shape of phrases.
OFF_ONSET_WEIGHT = 0.3  # of a quarter of a beat
LEAD_WEIGHT = 0.5


def normalisation(examples: Sequence[Example]) -> tuple[F32, F32]:
    """Mean and standard deviation of each band over the training songs, (bands,) each (specs 1.4)."""
    count = sum(len(e.features) for e in examples)
    mean = sum(e.heard.sum(axis=0, dtype=np.float64) for e in examples) / count
    square = sum(((e.heard.astype(np.float32) - mean) ** 2).sum(axis=0, dtype=np.float64) for e in examples) / count
    return mean.astype(np.float32), np.maximum(np.sqrt(square), 1e-3).astype(np.float32)


def draw(example: Example, role: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Onsets of one song to train on: every cut near a boundary, and one other onset for each (cut, role).

    Negatives are drawn without replacement from the candidates of the cut's boundary, never from cuts; a cut of the
    other role is a negative of this one (specs 1.2, reading A). Returns indices into the song's onsets.
    """
    cut = example.labels.any(axis=1) & example.near_boundary
    plain = ~example.labels.any(axis=1) & example.near_boundary
    drawn: list[int] = []
    for boundary in np.unique(example.boundary[cut]):
        wanted = int(example.labels[cut & (example.boundary == boundary)].sum())
        pool = np.flatnonzero(plain & (example.boundary == boundary))
        drawn.extend(rng.choice(pool, min(wanted, len(pool)), replace=False))
    return np.sort(np.concatenate([np.flatnonzero(cut), np.array(drawn, np.int64)])).astype(np.int64)


def targets(example: Example, roles: Sequence[str], cells_per_beat: int) -> tuple[F32, F32]:
    """Dense targets and weights (cells, outputs) of the "song" layout; outputs are the roles, then lead activity."""
    columns = [ROLES.index(r) for r in roles]
    dense = example.dense.astype(np.float32)
    y = np.concatenate([dense[:, columns], dense[:, 2:]], axis=1)
    quarters = 4 / cells_per_beat
    w = np.full_like(y, OFF_ONSET_WEIGHT * quarters)
    w[~example.dense_known] = 0.0
    w[:, -1] = LEAD_WEIGHT * quarters
    y[example.onset_cells, : len(columns)] = example.labels[:, columns]
    w[example.onset_cells, : len(columns)] = example.known[:, None]
    return y, w


def excerpt_batches(
    examples: Sequence[Example], role: str, context: int, norm: tuple[F32, F32], size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """One epoch of shuffled excerpts (size, context, bands) with targets and weights (size, 1)."""
    column = ROLES.index(role)
    index = [(s, int(o)) for s, e in enumerate(examples) for o in draw(e, column, rng)]
    order = rng.permutation(len(index))
    for start in range(0, len(order), size):
        chosen = [index[i] for i in order[start : start + size]]
        x = np.stack([excerpt(examples[s], o, context, norm) for s, o in chosen])
        y = np.array([[examples[s].labels[o, column]] for s, o in chosen], dtype=np.float32)
        yield x, y, np.ones_like(y)


def excerpt(example: Example, onset: int, context: int, norm: tuple[F32, F32]) -> F32:
    """Normalised rows (context, bands) around one onset, which is in row context // 2; zeros outside the song."""
    # As `inference.excerpts` cuts them, but of long songs in short rows it would be slow to normalise all for a few.
    first = int(example.onset_cells[onset]) - context // 2
    part = example.features[max(first, 0) : max(first + context, 0)].astype(np.float32)
    out = np.zeros((context, example.features.shape[1]), np.float32)
    out[max(-first, 0) :][: len(part)] = (part - norm[0]) / norm[1]
    return out


def drawn(counts: Sequence[float], size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """One epoch of whole batches of `size` songs, shuffled: song i comes counts[i] times, a part of one by chance."""
    index = [i for i, count in enumerate(counts) for _ in range(int(count) + int(rng.random() < count % 1))]
    order = rng.permutation(len(index))
    for start in range(0, len(order) - size + 1, size):
        yield [index[i] for i in order[start : start + size]]


def song_batches(
    recipe: Recipe, examples: Sequence[Example], norm: tuple[F32, F32], rng: np.random.Generator, vary: bool
) -> Iterator[Batch]:
    """One epoch of stretches (STRETCHES, cells, bands) of STRETCH_BEATS with targets and weights (..., outputs).

    A song gives one stretch for every STRETCH_BEATS of its length; to train (`vary`) times its corpus' weight, and
    times the weight "played" where no real voice sings the lead, and varied as the recipe says.
    """
    cells = STRETCH_BEATS * recipe.data.cells_per_beat
    prepared = [targets(e, recipe.roles, recipe.data.cells_per_beat) for e in examples]
    weights = recipe.data.weights if vary else {}
    played = weights.get("played", 1.0)
    songs = [weights.get(e.corpus, 1.0) * (1.0 if e.voices else played) for e in examples]
    counts = [len(e.features) / cells * w for e, w in zip(examples, songs, strict=True)]
    for chosen in drawn(counts, STRETCHES, rng):
        rows = []
        for s in chosen:
            part = _stretch(examples[s], cells, rng)
            x, apart = (a[part].astype(np.float32) for a in (examples[s].features, examples[s].foreground))
            if vary and recipe.training.beds and rng.random() < recipe.training.beds:
                x = over_bed(x, examples[int(rng.integers(len(examples)))], rng)
            if vary and recipe.training.augment:
                x, apart = _varied(x, apart, rng)
            x = np.concatenate([x, apart], axis=1)
            y, w = prepared[s]
            short = ((0, cells - len(x)), (0, 0))
            rows.append([np.pad(a, short) for a in ((x - norm[0]) / norm[1], y[part], w[part])])
        yield tuple(np.stack(column).astype(np.float32) for column in zip(*rows, strict=True))  # type: ignore[misc]


def _varied(x: F32, foreground: F32, rng: np.random.Generator) -> tuple[F32, F32]:
    """One variation of the song (cells, bands), and what then stands out of it: what repeats behind varies alike."""
    if not foreground.shape[1]:
        return augment(x, rng), foreground
    both = augment(np.stack([x, x - foreground], axis=1), rng)
    return both[:, 0], both[:, 0] - both[:, 1]


def _stretch(example: Example, cells: int, rng: np.random.Generator) -> slice:
    at = int(rng.integers(0, max(1, len(example.features) - cells)))
    return slice(at, at + cells)


def over_bed(x: F32, other: Example, rng: np.random.Generator) -> F32:
    """Log features (cells, bands) with those of another song where nobody sings in it, at random loudness.

    Both are on the beat, so it is one music more; the labels stay true, as no lead is added.
    """
    part = _stretch(other, len(x), rng)
    bed = other.features[part].astype(np.float32) + np.float32(rng.uniform(-2.5, 0.3))
    bed[other.dense[part, 2]] = -np.inf
    out = x.copy()
    out[: len(bed)] = np.logaddexp(out[: len(bed)], bed)
    return out
