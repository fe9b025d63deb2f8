"""Boundary networks by what they hear: each trained alike on the same songs, and judged by its peaks.

python -m segue_models.evaluation.boundary_inputs models/recipes/boundaries*.toml -o models/results/boundaries.csv
"""

import csv
import io
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import bootstrap

from segue_models import features, files
from segue_models import recipe as recipes
from segue_models.corpora import pop909
from segue_models.evaluation.boundaries import START_S, TOLERANCES_S, Marked, closed, peaks_hit, tuned
from segue_models.features import mel
from segue_models.paths import default_paths
from segue_models.recipe import Recipe
from segue_models.serving.inference import excerpts
from segue_models.signal import audio
from segue_models.signal.frames import RATE_HZ
from segue_models.song import hear
from segue_models.training import tasks
from segue_models.training.boundary_examples import BoundaryExample, prepare
from segue_models.training.songs import part
from segue_models.training.train import load, train

Floats = NDArray[np.float64]
Split = dict[str, list[BoundaryExample]]  # "train", "validation", "test"

PARTS = ("train", "validation", "test")
BATCH_ROWS = 256
SURE = 0.95  # of the intervals


@dataclass(frozen=True)
class Result:
    """A network at one tolerance, its threshold chosen on the validation songs: means over the test songs, trimmed.

    low, high: interval of f by drawing songs again; gain: of f over the first network on the same songs, with its
    interval; minutes: of one core, to train; feature_s: seconds of one core for what is heard of one test song.
    """

    network: str
    feature: str
    parameters: int
    seed: int
    train: int
    validation: int
    test: int
    epochs: int
    updates: int
    minutes: float
    feature_s: float
    tolerance_s: float
    threshold: float
    precision: float
    recall: float
    f: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


def drawn(songs: Sequence[str], counts: Sequence[int], seed: int) -> list[str]:
    """So many song numbers of POP909 of each of PARTS, always the same for a seed; all of a part that has no more."""
    out = []
    for which, count in zip(PARTS, counts, strict=True):
        ordered = sorted(song for song in songs if pop909.split(song) == which)
        out += [ordered[i] for i in np.random.default_rng(seed).permutation(len(ordered))[:count]]
    return out


def curve(checkpoint: Path, example: BoundaryExample) -> Floats:
    """How likely a phrase begins at each row of a song, (rows,), by a trained network."""
    network, state = load(checkpoint)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,unused-ignore]  # missing in torch's stubs
    recipe = recipes.from_dict(state["recipe"])
    column = tasks.find(recipe.task).outputs(recipe).index("phrase")
    x = ((example.features.astype(np.float32) - state["mean"]) / state["std"]).astype(np.float32)
    rows, said = np.arange(example.rows) + mel.PADDING_ROWS, []
    with torch.no_grad():
        for at in range(0, len(rows), BATCH_ROWS):
            given = excerpts(x, rows[at : at + BATCH_ROWS], int(recipe.network["context_cells"]))
            said.append(torch.sigmoid(network(torch.from_numpy(given)))[:, column].numpy())
    return np.concatenate(said).astype(np.float64)


def marked(checkpoint: Path, example: BoundaryExample) -> Marked:
    """Annotated phrases with both ends, as `boundaries.truth` has them, and the network's curve."""
    inner = example.phrases[example.phrases > START_S]
    return closed(inner, example.rows / mel.ROW_FPS), curve(checkpoint, example)


def rates(checkpoint: Path, songs: Split) -> dict[float, tuple[float, Floats]]:
    """By tolerance: the threshold that is best on the validation songs, and P, R, F of each test song (songs, 3)."""
    known, judged = ([marked(checkpoint, e) for e in songs[which]] for which in ("validation", "test"))
    out = {}
    for window in TOLERANCES_S:
        threshold = tuned(known, window)
        out[window] = threshold, np.array([peaks_hit(song, threshold, window) for song in judged])
    return out


def interval(per_song: Floats) -> tuple[float, float]:
    """Where the mean of (songs,) lies, by drawing the songs again."""
    if np.ptp(per_song) == 0.0:
        return float(per_song[0]), float(per_song[0])
    found = bootstrap((per_song,), np.mean, confidence_level=SURE, method="percentile", rng=np.random.default_rng(0))
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def measure(
    recipe: Recipe, songs: Split, feature_s: float, runs: Path, before: dict[float, Floats]
) -> tuple[list[Result], dict[float, Floats]]:
    """Train and judge a recipe; before: F of each test song of the first network. Also gives its own F."""
    began = time.process_time()
    best = train(recipe, songs["train"], songs["validation"], runs, _log)
    minutes = (time.process_time() - began) / 60
    out, own = [], {}
    for window, (threshold, found) in rates(best, songs).items():
        (p, r, f), own[window] = found.mean(axis=0), found[:, 2]
        gain = own[window] - before.get(window, own[window])
        low, high = interval(own[window])
        gain_low, gain_high = interval(gain)
        result = Result(
            network=recipe.name, feature=str(tasks.find(recipe.task).feature(recipe)["name"]),
            parameters=sum(weights.numel() for weights in load(best)[0].parameters()), seed=recipe.seed,
            **{which: len(songs[which]) for which in PARTS}, epochs=recipe.training.epochs,
            updates=recipe.training.epochs * recipe.training.epoch_batches, minutes=minutes, feature_s=feature_s,
            tolerance_s=window, threshold=threshold, precision=p, recall=r, f=f, low=low, high=high,
            gain=float(gain.mean()), gain_low=gain_low, gain_high=gain_high,
        )  # fmt: skip
        out.append(result)
        _log(f"{recipe.name}: F {f:.3f} at {window:g} s, gain {result.gain:+.3f}")
    return out, own


def write(path: Path, results: Sequence[Result], command: str, seconds: float) -> None:
    """Keep results with what made them; all or nothing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Result)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(r).items()} for r in results)
    head = f"# {command}; seed {results[0].seed}; {seconds:.0f} s; {date.today()}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, (head + text.getvalue()).encode())


def _heard(recipe: Recipe, counts: Sequence[int]) -> tuple[Split, float]:
    """The songs as that recipe hears them, and seconds of one core for one of them."""
    where = default_paths()
    feature = features.find(str(tasks.find(recipe.task).feature(recipe)["name"]))
    chosen = drawn(pop909.chosen(where.data), counts, recipe.seed)
    tracks = pop909.tracks(where.data, where.cache, where.jobs, chosen)
    examples = prepare(tracks, feature.extract, feature.PARAMETERS, where, _log)
    samples = hear(audio.read([part(tracks, "test")[0].audio])).samples
    feature.extract(samples[:RATE_HZ])  # loads its libraries
    began = time.process_time()
    feature.extract(samples)
    return {which: part(examples, which) for which in PARTS}, time.process_time() - began


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("recipe_files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The CSV file.")
@click.option("--songs", nargs=3, type=click.IntRange(min=1), default=(178, 22, 44), help="To train, validate, test.")
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the recipes' own.")
@click.option("--batches", type=click.IntRange(min=1), help="Of an epoch, instead of the recipes' own.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/boundary_inputs"))
def main(
    recipe_files: Sequence[Path],
    output: Path,
    songs: tuple[int, int, int],
    epochs: int | None,
    batches: int | None,
    runs: Path,
) -> None:
    """Train RECIPE_FILES on the same songs of POP909 and judge each; gains are over the first of them."""
    start, results = time.monotonic(), list[Result]()
    before: dict[float, Floats] = {}
    for file in recipe_files:
        recipe = recipes.read(file)
        own = recipe.training
        training = replace(own, epochs=epochs or own.epochs, epoch_batches=batches or own.epoch_batches)
        recipe = replace(recipe, training=training)
        heard, feature_s = _heard(recipe, songs)
        found, f = measure(recipe, heard, feature_s, runs / "-".join(map(str, songs)), before)
        before, results = before or f, results + found
        command = shlex.join(["python", "-m", "segue_models.evaluation.boundary_inputs", *sys.argv[1:]])
        write(output, results, command, time.monotonic() - start)


if __name__ == "__main__":
    main()
