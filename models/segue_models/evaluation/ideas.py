"""What an idea gives: recipes trained from several seeds, judged on the same songs, none of them trained on.

python -m segue_models.evaluation.ideas models/recipes/ideas/*.toml -o models/results/ideas.csv
"""

import csv
import io
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

import click
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from segue_models import files
from segue_models import recipe as recipes
from segue_models.evaluation.evaluate import REAL, figures
from segue_models.evaluation.leave_one_out import held_out, logits
from segue_models.paths import default_paths
from segue_models.recipe import Recipe
from segue_models.training import songs
from segue_models.training.examples import Example
from segue_models.training.train import train

LEFT_OUT = "evr"  # songs that are trained on: judged by networks that heard neither them nor their singers
TOGETHER = "all"  # in place of a seed: the log odds of all seeds averaged

Floats = NDArray[np.float64]
Scored = dict[tuple[str, str], Floats]  # log odds (onsets, roles) by corpus and name


@dataclass(frozen=True)
class Result:
    """One figure: auc, the mean over the songs of a set; minutes, what training took (nothing where it was there)."""

    idea: str
    seed: str
    set: str
    role: str
    auc: float
    songs: int
    minutes: float


def judge(examples: Sequence[Example], scored: Scored, roles: Sequence[str]) -> Iterator[tuple[str, str, float, int]]:
    """Set, role, mean AUC and number of songs of what `scored` holds; renders are judged near section boundaries."""
    for corpus in dict.fromkeys(corpus for corpus, _ in scored):
        part = [e for e in examples if e.corpus == corpus and (corpus, e.name) in scored]
        for column, role in enumerate(roles):
            scores = {e.name: expit(scored[corpus, e.name][:, column]) for e in part}
            found = figures(part, partial(_of_role, role, scores), role, near_boundaries=corpus == "pop909")
            yield corpus, role, found.auc, found.songs


def _of_role(role: str, scores: dict[str, Floats], e: Example) -> dict[str, Floats]:
    return {role: scores[e.name]}


def measure(
    recipe: Recipe, examples: Sequence[Example], seeds: int, left_out: bool, runs: Path, log: Callable[[str], None]
) -> list[Result]:
    """Train a recipe from `seeds` seeds (what is trained already is read) and judge each, and all together."""
    told: list[Result] = []
    scores: list[Scored] = []
    tests = [e for e in examples if e.corpus in REAL] + songs.part(
        [e for e in examples if e.corpus == "pop909"], "test"
    )
    ours = [e for e in examples if e.corpus not in REAL]
    for member in recipes.seeded(recipe, seeds):
        start = time.monotonic()
        log(member.name)
        best = train(member, songs.training_songs(member, ours), songs.validation_songs(member, ours), runs, log)
        scored = {(e.corpus, e.name): logits(best, e) for e in tests}
        if left_out:
            away = {e.name: e for e in ours if e.corpus == LEFT_OUT}
            held = held_out([member], ours, list(away), runs, log)
            scored |= {(LEFT_OUT, name): says(away[name]) for name, says in held.items()}
        minutes = (time.monotonic() - start) / 60
        told += _results(recipe, str(member.seed), examples, scored, minutes)
        scores.append(scored)
    together = {key: np.mean([s[key] for s in scores], axis=0) for key in scores[0]}
    return told + (_results(recipe, TOGETHER, examples, together, 0.0) if seeds > 1 else [])


def _results(recipe: Recipe, seed: str, examples: Sequence[Example], scored: Scored, minutes: float) -> list[Result]:
    rows = judge(examples, scored, recipe.roles)
    return [Result(recipe.name, seed, s, role, round(a, 4), n, round(minutes, 1)) for s, role, a, n in rows]


def table(results: Sequence[Result]) -> str:
    """A row an idea: mean and standard deviation of the AUC over seeds, and of all seeds together, a column a set."""
    columns = list(dict.fromkeys((r.set, r.role) for r in results))
    lines = ["".join([f"{'AUC, mean of seeds (spread) all':32}", *(f"{f'{s} {role}':>22}" for s, role in columns)])]
    for idea in dict.fromkeys(r.idea for r in results):
        cells = []
        for column in columns:
            found = [r for r in results if r.idea == idea and (r.set, r.role) == column]
            alone = [r.auc for r in found if r.seed != TOGETHER]
            spread = f"({stdev(alone):.3f})" if len(alone) > 1 else ""
            text = f"{fmean(alone):.3f} {spread}" if alone else ""
            cells.append(text + "".join(f" {r.auc:.3f}" for r in found if r.seed == TOGETHER))
        lines.append(f"{idea:32}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def read(path: Path) -> list[Result]:
    """Results kept in a CSV file, or none."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    kinds = {f.name: f.type for f in fields(Result)}
    return [Result(**{k: kinds[k](v) for k, v in row.items()}) for row in csv.DictReader(lines)]  # type: ignore[operator]


def write(path: Path, results: Sequence[Result], command: str) -> None:
    """Keep results with the command that made the last of them; all or nothing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Result)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(r) for r in results)
    files.write(path, f"# {command}\n{text.getvalue()}".encode())


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("recipe_files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="CSV file; it goes on from it.")
@click.option("--seeds", type=click.IntRange(min=1), default=3)
@click.option("--left-out", is_flag=True, help="Also the CC0 songs, each by networks that did not hear it: slow.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"))
def main(recipe_files: Sequence[Path], output: Path, seeds: int, left_out: bool, runs: Path) -> None:
    """Train RECIPE_FILES from several seeds and print what each gives."""
    command = shlex.join(["python", "-m", "segue_models.evaluation.ideas", *sys.argv[1:]])
    for file in recipe_files:
        recipe = recipes.read(file)
        corpora = tuple(dict.fromkeys((*recipe.data.corpora, *REAL)))
        examples = songs.examples(replace(recipe.data, corpora=corpora), default_paths(), _log)
        found = measure(recipe, examples, seeds, left_out, runs, _log)
        write(output, [r for r in read(output) if r.idea != recipe.name] + found, command)
    print(table(read(output)))


if __name__ == "__main__":
    main()
