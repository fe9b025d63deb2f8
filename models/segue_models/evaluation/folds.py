"""Like with like: recipes trained on the same songs, in folds by song, and judged on the same onsets (specs 1.9).

python -m segue_models.evaluation.folds models/recipes/folds/*.toml --songs 40 --real -o like_with_like.csv

Songs are drawn as those of `evaluation.ablation`. Of the folds one is judged, the next two tell the best epoch, the
scale of the scores and their threshold, and the others are trained on. With --real each recipe is trained once more, on
all songs but two folds, and judged on real songs.
"""

import csv
import hashlib
import io
import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import reduce
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from segue_models import files
from segue_models import recipe as recipes
from segue_models.evaluation.evaluate import REAL
from segue_models.evaluation.leave_one_out import logits
from segue_models.paths import default_paths
from segue_models.recipe import Recipe
from segue_models.track import Track
from segue_models.training import calibrate, songs
from segue_models.training.examples import ROLES, Example, prepare
from segue_models.training.grid.configurations import Configuration
from segue_models.training.grid.trial import parts
from segue_models.training.metrics import auc, bcr
from segue_models.training.train import load, train

Split = tuple[list[Track], list[Track], list[Track]]  # to train, to validate, to test
POOLED = "all folds"


@dataclass(frozen=True)
class Judged:
    """What a trained recipe says of one role in one song that it did not hear.

    threshold: the calibrated score of a cut; labels, scores: (onsets,) whether a cut is good there, calibrated scores.
    """

    role: str
    corpus: str
    song: str
    threshold: float
    labels: list[bool]
    scores: list[float]


@dataclass(frozen=True)
class Result:
    """One figure: set, a fold, all of them pooled, or a corpus of real songs, of which it is the mean over songs."""

    recipe: str
    role: str
    set: str
    auc: float
    bcr: float
    onsets: int
    positives: float
    songs: int
    epochs: int
    parameters: int
    seconds: float


def drawn(recipe: Recipe, tracks: Sequence[Track], count: int) -> list[Track]:
    """`count` songs, the same as `evaluation.ablation` hears; raises ValueError where there are too few."""
    return list(chain(*parts(Configuration("folds", recipe, songs=count), tracks)))


def split(recipe: Recipe, tracks: Sequence[Track], fold: int, folds: int) -> Split:
    """Songs to train on, to validate (the next two folds), to test (the fold); ValueError where there are too few."""
    turns = [
        parts(Configuration("folds", recipe, fold=(fold + ahead) % folds, folds=folds), tracks)[2]
        for ahead in range(folds)
    ]
    return list(chain(*turns[3:])), [*turns[1], *turns[2]], turns[0]


def alike(heard: Sequence[Sequence[Example]]) -> list[list[Example]]:
    """The songs that all recipes hear, judged at the onsets that all have; a list for each recipe."""
    by_name = [{(e.corpus, e.name): e for e in examples} for examples in heard]
    out: list[list[Example]] = [[] for _ in heard]
    for key in by_name[0]:
        if all(key in versions for versions in by_name):
            same = [versions[key] for versions in by_name]
            times = reduce(np.intersect1d, [e.onset_times for e in same])
            for e, examples in zip(same, out, strict=True):
                there = np.isin(e.onset_times, times)
                examples.append(replace(e, known=e.known & there, near_boundary=e.near_boundary & there))
    return out


def judged(recipe: Recipe, chosen: Sequence[Sequence[Example]], runs: Path) -> dict[str, Any]:
    """What a record holds of a recipe trained on the first songs and judged on the last.

    Scores are calibrated, and thresholds set, on the second ones, which also tell the best epoch.
    """
    training, validation, test = chosen
    began = time.process_time()
    best = train(recipe, training, validation, runs, _log)
    checks, tests = ([(e, logits(best, e)) for e in part] for part in (validation, test))
    rows = []
    for column, role in enumerate(recipe.roles):
        z, y = (np.concatenate(part) for part in zip(*(_onsets(e, o[:, column], role) for e, o in checks), strict=True))
        even = np.ones(len(y))
        scale = calibrate.fit(z, y, even, [e.name for e in validation])
        least = calibrate.threshold(calibrate.apply(scale, z), y, even)
        for e, odds in tests:
            z, y = _onsets(e, odds[:, column], role)
            scores = calibrate.apply(scale, z).round(6).tolist()
            rows.append(asdict(Judged(role, e.corpus, e.name, least, y.tolist(), scores)))
    return {
        "rows": rows,
        "epochs": len((best.parent / "log.jsonl").read_text(encoding="utf-8").splitlines()),
        "parameters": sum(p.numel() for p in load(best)[0].parameters()),
        "seconds": round(time.process_time() - began, 1),
    }


def results(recipe: str, records: Sequence[dict[str, Any]], real: dict[str, Any] | None) -> Iterator[Result]:
    """Figures of a recipe from the records of its folds, in order, and of its training for real songs."""
    told = [[Judged(**row) for row in record["rows"]] for record in records]
    cost = ("epochs", "parameters", "seconds")
    whole = {"epochs": sum(r["epochs"] for r in records), "seconds": round(sum(r["seconds"] for r in records), 1)}
    for role in dict.fromkeys(j.role for j in told[0]):
        for fold, (rows, record) in enumerate(zip(told, records, strict=True)):
            yield _figure(recipe, f"fold {fold}", [j for j in rows if j.role == role], {k: record[k] for k in cost})
        every = [j for j in chain(*told) if j.role == role]
        yield _figure(recipe, POOLED, every, whole | {"parameters": records[0]["parameters"]})
        if real is None:
            continue
        for corpus in REAL:
            rows = [j for j in (Judged(**row) for row in real["rows"]) if (j.role, j.corpus) == (role, corpus)]
            alone = [_figure(recipe, corpus, [j], {k: real[k] for k in cost}) for j in rows]
            yield replace(
                _figure(recipe, corpus, rows, {k: real[k] for k in cost}),
                auc=round(float(np.nanmean([r.auc for r in alone])), 4),
                bcr=round(float(np.nanmean([r.bcr for r in alone])), 4),
            )


def table(found: Sequence[Result]) -> str:
    """A row a recipe and role: mean (standard deviation) over folds, pooled, and real songs, of AUC / BCR."""
    sets = [s for s in dict.fromkeys(r.set for r in found) if not s.startswith("fold ")]
    lines = ["".join([f"{'AUC / BCR':28}", f"{'folds':>30}", *(f"{s:>16}" for s in sets)])]
    for recipe, role in sorted({(r.recipe, r.role) for r in found}, key=lambda pair: (pair[1], pair[0])):
        own = [r for r in found if (r.recipe, r.role) == (recipe, role)]
        folds = [r for r in own if r.set.startswith("fold ")]
        spread = " / ".join(
            f"{fmean(values):.3f} ({stdev(values) if len(values) > 1 else 0:.3f})"
            for values in ([r.auc for r in folds], [r.bcr for r in folds])
        )
        cells = [f"{r.auc:.3f} / {r.bcr:.3f}" for s in sets for r in own if r.set == s]
        lines.append("".join([f"{recipe + ' ' + role:28}", f"{spread:>30}", *(f"{cell:>16}" for cell in cells)]))
    return "\n".join(lines)


@click.command()
@click.argument("recipe_files", metavar="RECIPE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The CSV file.")
@click.option("--songs", "count", type=click.IntRange(min=5), help="So many songs, else all.")
@click.option("--folds", type=click.IntRange(min=4), default=10)
@click.option("--real", is_flag=True, help="Also judge real songs.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/folds"), help="Folder of records.")
def main(recipe_files: Sequence[Path], output: Path, count: int | None, folds: int, real: bool, runs: Path) -> None:
    """Train every RECIPE in folds of the same songs, one record each, so that a stopped run goes on."""
    try:
        asked = [recipes.alone(recipes.read(file)) for file in recipe_files]
        found = measure(asked, count or 0, folds, real, runs)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    command = shlex.join(["python", "-m", "segue_models.evaluation.folds", *sys.argv[1:]])
    seconds = sum({(r.recipe, r.set): r.seconds for r in found if r.set in (POOLED, REAL[0])}.values())
    head = f"# {command}; seed {asked[0].seed}; {seconds:.0f} s of one core; {date.today()}\n"
    output.parent.mkdir(parents=True, exist_ok=True)
    files.write(output, (head + _rows(found)).encode())
    click.echo(table(found))


def measure(asked: Sequence[Recipe], count: int, folds: int, real: bool, runs: Path) -> list[Result]:
    """Figures of all recipes; raises ValueError where they differ in songs, and what loading and training raise."""
    corpora, seed = asked[0].data.corpora, asked[0].seed
    if any((recipe.data.corpora, recipe.seed) != (corpora, seed) for recipe in asked):
        raise ValueError("the recipes differ in corpora or seed, so they would not hear the same songs")
    tracks = drawn(asked[0], songs.tracks(corpora, default_paths(), _log), count)
    others = songs.tracks(REAL, default_paths(), _log) if real else []
    heard = alike([prepare([*tracks, *others], recipe.data, default_paths()) for recipe in asked])
    turns: list[int | None] = [*range(folds), *([None] if real else [])]
    found: list[Result] = []
    done, began = 0, time.monotonic()
    for recipe, examples in zip(asked, heard, strict=True):
        records = []
        for turn in turns:
            training, validation, test = split(recipe, tracks, turn or 0, folds)
            if turn is None:
                training, test = [*training, *test], others
            chosen = [_of(examples, part) for part in (training, validation, test)]
            records.append(_kept(recipe, chosen, f"{count or 'all'}-{'real' if turn is None else turn}-{folds}", runs))
            done += 1
            left = (time.monotonic() - began) / done * (len(asked) * len(turns) - done) / 60
            what = "real songs" if turn is None else f"fold {turn}"
            _log(f"{done}/{len(asked) * len(turns)}: {recipe.name}, {what}, about {left:.0f} min left")
        found += results(recipe.name, records[:folds], records[folds] if real else None)
    return found


def _kept(recipe: Recipe, chosen: Sequence[Sequence[Example]], which: str, runs: Path) -> dict[str, Any]:
    """The record of one training, read back where it was made before for the same recipe and songs."""
    key = hashlib.sha256(f"{recipe.as_dict()}{[[e.name for e in part] for part in chosen]}".encode()).hexdigest()[:8]
    path = runs / f"{recipe.name}-{which}-{key}.json"
    if not path.exists():
        files.write(path, json.dumps(judged(replace(recipe, name=path.stem), chosen, runs)).encode())
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _of(examples: Sequence[Example], tracks: Sequence[Track]) -> list[Example]:
    """Examples of those songs; one in which no beats were found has none."""
    names = {(t.corpus, t.name) for t in tracks}
    return [e for e in examples if (e.corpus, e.name) in names]


def _onsets(e: Example, odds: NDArray[np.float64], role: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log odds and labels (onsets,) of the onsets that are judged."""
    return odds[_asked(e)], e.labels[_asked(e), ROLES.index(role)]


def _asked(e: Example) -> NDArray[np.bool_]:
    """Which onsets are judged: of renders those near section boundaries, of real songs all whose label is known."""
    return e.known if e.corpus in REAL else e.near_boundary


def _figure(recipe: str, name: str, rows: Sequence[Judged], cost: dict[str, Any]) -> Result:
    y = np.concatenate([np.array(j.labels, bool) for j in rows])
    p = np.concatenate([np.array(j.scores) for j in rows])
    cut = np.concatenate([np.array(j.scores) >= j.threshold for j in rows])
    figures = (round(auc(y, p), 4), round(bcr(y, cut), 4), len(y), round(float(y.mean()), 4), len(rows))
    return Result(recipe, rows[0].role, name, *figures, **cost)


def _rows(found: Sequence[Result]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(asdict(found[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(r) for r in found)
    return out.getvalue()


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
