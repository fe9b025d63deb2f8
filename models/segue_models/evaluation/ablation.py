"""Which frequencies a network of cuts needs: it is judged with parts of the 75 gammatone bands only (specs 1.10).

python -m segue_models.evaluation.ablation models/recipes/paper_exit.toml -o exit.csv

trains the recipe anew on each range of bands; with --mask it is trained once, on all of them, and hears each range
alone when it is judged, all else being the mean of the training songs.
"""

import csv
import hashlib
import io
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np

from segue_models import files
from segue_models import recipe as recipes
from segue_models.architectures import layout
from segue_models.paths import default_paths
from segue_models.recipe import Recipe
from segue_models.signal import gammatone
from segue_models.training import songs
from segue_models.training.examples import Example, prepare
from segue_models.training.grid.configurations import Configuration
from segue_models.training.grid.trial import judged, parts
from segue_models.training.train import load, train

Range = tuple[int, int]
Parts = tuple[list[Example], list[Example], list[Example]]  # to train, to validate, to test

EDGES = (0, 15, 30, 45, 60, gammatone.BANDS)
THIRDS = ((0, 25), (25, 50), (50, gammatone.BANDS))
RANGES: tuple[Range, ...] = (*((lo, hi) for lo in EDGES for hi in EDGES if lo < hi), *THIRDS)


@click.command()
@click.argument("recipe_file", metavar="RECIPE", type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The CSV file.")
@click.option("--mask", is_flag=True, help="Train once and mask, instead of training each range anew.")
@click.option("--songs", "count", type=click.IntRange(min=5), help="So many songs, 60/20/20 %, else all.")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so many epochs.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="Networks, and draws of songs, for each range.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Folder of records.")
def main(
    recipe_file: Path, output: Path, mask: bool, count: int | None, epochs: int | None, seeds: int, runs: Path
) -> None:
    """Judge RECIPE on 15 ranges and three thirds of the bands, one record each, so that a stopped run goes on."""
    start, rows = time.monotonic(), []
    try:
        recipe = checked(recipes.read(recipe_file))
        training = replace(recipe.training, epochs=min(epochs or recipe.training.epochs, recipe.training.epochs))
        for member in recipes.seeded(replace(recipe, training=training), seeds):
            heard = _examples(member, count or 0)
            for band_range in RANGES:
                rows.append(_kept(member, heard, band_range, mask, count or 0, runs))
                left = (time.monotonic() - start) / len(rows) * (len(RANGES) * seeds - len(rows)) / 60
                told = f"bands {band_range}, seed {member.seed}: BCR {rows[-1]['bcr']:.3f}"
                _log(f"{len(rows)}/{len(RANGES) * seeds}: {told}, about {left:.0f} min left")
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    command = shlex.join(["python", "-m", "segue_models.evaluation.ablation", *sys.argv[1:]])
    head = f"# {command}; seeds from {recipe.seed}; {sum(row['seconds'] for row in rows):.0f} s; {date.today()}\n"
    output.parent.mkdir(parents=True, exist_ok=True)
    files.write(output, (head + table(rows)).encode())
    click.echo(output)


def checked(recipe: Recipe) -> Recipe:
    """The recipe; raises ValueError where its input has no gammatone bands to leave out."""
    if recipe.task != "cuts" or layout(recipe.architecture) != "excerpt" or recipe.data.feature != "gammatone":
        raise ValueError(
            f"{recipe.name} is no network of cuts that hears excerpts of gammatone bands: take one that is"
        )
    return recipe


def cropped(examples: Sequence[Example], band_range: Range) -> list[Example]:
    """The same songs with the bands lo to hi - 1 only."""
    return [replace(e, features=e.features[:, slice(*band_range)]) for e in examples]


def masked(norm: tuple[Any, Any], band_range: Range) -> tuple[Any, Any]:
    """A normalisation that makes every band outside lo to hi - 1 its mean, which is 0."""
    bands = np.arange(len(norm[1]))
    return norm[0], np.where((bands >= band_range[0]) & (bands < band_range[1]), norm[1], np.inf).astype(np.float32)


def retrained(recipe: Recipe, heard: Parts, band_range: Range, runs: Path) -> dict[str, Any]:
    """Figures on the test songs of the recipe trained on a range of bands."""
    lo, hi = band_range
    narrow = replace(recipe, name=f"{recipe.name}-bands-{lo}-{hi}", network={**recipe.network, "bands": hi - lo})
    fit, validate, test = (cropped(part, band_range) for part in heard)
    network, state = load(train(narrow, fit, validate, runs, _log))
    return judged(network, narrow, test, (state["mean"], state["std"]))


def hidden(recipe: Recipe, heard: Parts, band_range: Range, runs: Path) -> dict[str, Any]:
    """Figures on the test songs of the recipe trained on all bands, of which it then hears a range."""
    whole = replace(recipe, name=f"{recipe.name}-bands-{EDGES[0]}-{EDGES[-1]}")
    network, state = load(train(whole, heard[0], heard[1], runs, _log))
    return judged(network, whole, heard[2], masked((state["mean"], state["std"]), band_range))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """CSV of the records; limits are centres of the lowest and highest band in Hz."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _kept(recipe: Recipe, heard: Parts, band_range: Range, mask: bool, count: int, runs: Path) -> dict[str, Any]:
    """The record of one range, read back where it was made before for the same recipe and songs."""
    mode = "mask" if mask else "retrain"
    key = hashlib.sha256(f"{recipe.as_dict()}{count}".encode()).hexdigest()[:8]
    folder = runs / f"{recipe.name}-ablation-{key}"
    path = folder / f"{mode}-{band_range[0]}-{band_range[1]}.json"
    if not path.exists():
        began = time.monotonic()
        figures = (hidden if mask else retrained)(recipe, heard, band_range, folder)
        centres = gammatone.centres_hz()
        row = {
            "mode": mode, "role": recipe.roles[0], "seed": recipe.seed, "lo": band_range[0], "hi": band_range[1],
            "lowest_hz": round(centres[band_range[0]]), "highest_hz": round(centres[band_range[1] - 1]),
            **{k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()},
            "seconds": round(time.monotonic() - began, 1),
        }  # fmt: skip
        files.write(path, json.dumps(row).encode())
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _examples(recipe: Recipe, count: int) -> Parts:
    tracks = songs.tracks(recipe.data.corpora, default_paths(), _log)
    chosen = parts(Configuration("ablation", recipe, songs=count), tracks)
    where = default_paths()
    fit, validate, test = (prepare(part, recipe.data, where) for part in chosen)
    return fit, validate, test


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
