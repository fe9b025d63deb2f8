"""The paper's tables of a grid, its figures beside ours (specs 1.9).

    python -m segue_models.evaluation.grid.statistics FOLDER_OR_CSV... [--csv FILE] [-o FOLDER]

--csv writes all records as one table, -o a box plot for each factor.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from segue_models.evaluation.grid import effects, plots, published, records
from segue_models.evaluation.grid.effects import ROLES, TEST, VALIDATION, Paired
from segue_models.evaluation.grid.records import Row

SIGNIFICANT = 0.05


def report(rows: Sequence[Row]) -> str:
    """Everything that is printed; raises ValueError where records of one grid are of several scales."""
    whole = [row for row in rows if row.figures]
    out: list[str] = []
    for grid in sorted({row.grid for row in rows}):
        of_grid = [row for row in whole if row.grid == grid and row.told["folds"] == "0"]
        failed = Counter(row.told["failed"] for row in rows if row.grid == grid and row.told["failed"])
        if of_grid:
            out += [_head(grid, of_grid), *_means(grid, of_grid), *_tests(grid, of_grid), *_best(grid, of_grid)]
        out += [f"{count} failed: {sentence}" for sentence, count in failed.items()]
    return "\n".join([*out, *_folds(whole)])


def _head(grid: str, rows: Sequence[Row]) -> str:
    scales = {(*row.scale, row.told["data"]) for row in rows}
    if len(scales) > 1:
        raise ValueError(f"records of {grid} are of several scales or data, which no mean may mix: {sorted(scales)}")
    told, hours = rows[0].told, sum(row.figures["seconds"] for row in rows) / 3600
    songs = f"{told['songs']} songs" if told["songs"] != "0" else "all songs"
    return (
        f"{grid}: {len(rows)} trainings, {songs}, at most {told['most_epochs']} epochs, batches of {told['batch']}, "
        f"seed {told['seed']}, {told['data']}, {hours:.1f} h of trainings\n{told['command']}"
    )


def _means(grid: str, rows: Sequence[Row]) -> list[str]:
    out = ["", f"{'mean test BCR':32}{'n':>5}{'entry':>8}{'exit':>8}{'both':>8}{'paper':>8}"]

    def line(title: str, some: Sequence[Row], paper: float | None) -> str:
        by_role = [effects.mean([row for row in some if row.role == role]) for role in ROLES]
        means = [*by_role, effects.mean(some)]
        return f"{title:32}{len(some):5d}{''.join(_three(m) for m in means)}{_three(paper)}"

    out.append(line("all", rows, published.OVERALL.get(grid)))
    for factor, levels in effects.levels(rows).items():
        varied = effects.varying(rows, factor)
        for level in levels:
            some = [row for row in varied if row.levels[factor] == level]
            out.append(line(f"{factor} {level}", some, published.MEANS.get((grid, factor, level))))
    return out


def _three(value: float | None) -> str:
    return f"{value:8.3f}" if value is not None and math.isfinite(value) else f"{'':8}"


def _tests(grid: str, rows: Sequence[Row]) -> list[str]:
    out = ["", f"{'pairs alike in all else':40}{'n':>5}{'median':>8}{'W':>7}{'p':>8}{'Holm':>8}"
           f"{'all rows, 95 %':>18}{'paper':>8}  which"]  # fmt: skip
    for factor in effects.levels(rows):
        for role in (*ROLES, "both"):
            some = [row for row in rows if role in (row.role, "both")]
            for test in effects.compare(some, factor):
                title = f"{factor} {test.a} - {test.b}, {role}"
                effect, half = effects.adjusted(some, factor, test.a, test.b)
                all_rows = f"{effect:+.3f} ± {half:.3f}" if math.isfinite(effect) else ""
                said = published.difference(grid, factor, test.a, test.b)
                out.append(f"{_test(title, test)}{all_rows:>18}{said:>8}  {verdict(test, said)}".rstrip())
    return out


def _test(title: str, test: Paired) -> str:
    median = f"{test.median:+8.3f}" if test.n else f"{'':8}"
    w = f"{test.w:7.0f}{test.p:8.4f}{test.holm:8.4f}" if math.isfinite(test.p) else f"{'':23}"
    return f"{title:40}{test.n:5d}{median}{w}"


def verdict(test: Paired, paper: str) -> str:
    """What a test says of the paper's finding: a difference (signed), "alike", or nothing."""
    if not paper or not math.isfinite(test.holm):
        return ""
    found = test.holm < SIGNIFICANT
    if paper == "alike":
        return "differs from the paper" if found else "none found, as in the paper"
    if not found:
        return "not found here"
    return "as in the paper" if (paper[0] == "+") == (test.median > 0) else "against the paper"


def _best(grid: str, rows: Sequence[Row]) -> list[str]:
    out = [""]
    for choose, words in ((TEST, "on test, as in the paper"), (VALIDATION, "on validation")):
        test, absolute, beats = effects.best_of(rows, choose)
        if test.n:
            out.append(_test(f"best absolute - best beats, {words}", test))
            paper = "(paper: {:.3f}, {:.3f})".format(*published.BEST_OF[grid]) if grid in published.BEST_OF else ""
            out.append(f"  gammatone: absolute {absolute:.3f}, beats {beats:.3f} {paper}".rstrip())
    for role in ROLES:
        some = [row for row in rows if row.role == role]
        if some:
            best = max(some, key=lambda row: row.figures[VALIDATION])
            levels = " ".join(f"--only {k}={v}" for k, v in {**best.levels, "role": role}.items())
            out.append(f"best {role} on validation: test BCR {best.figures[TEST]:.3f}, AUC "
                       f"{best.figures['test_auc']:.3f}; ten folds of it: {levels} --folds 10")  # fmt: skip
    return [*out, ""]


def _folds(rows: Sequence[Row]) -> list[str]:
    out = []
    for row, count, mean, deviation in effects.folds(rows):
        levels = ", ".join(f"{k} {v}" for k, v in row.levels.items())
        paper = "{:.3f} ± {:.3f}".format(*published.TEN_FOLD[row.role])
        out.append(f"{count} folds of {row.told['folds']}, {row.grid} {row.role} ({levels}): "
                   f"BCR {mean:.3f} ± {deviation:.3f} (paper's best: {paper})")  # fmt: skip
    return out


def main() -> int:
    """Reads records, prints the tables, and writes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="+", help="folders that `segue grid` filled, or CSV files")
    parser.add_argument("--csv", type=Path, help="write all records as one table")
    parser.add_argument("-o", "--output", type=Path, help="folder of box plots")
    asked = parser.parse_args()
    try:
        rows = records.read(asked.records)
        print(report(rows))
        if asked.csv:
            asked.csv.write_text(records.as_csv(rows), encoding="utf-8")
        for path in plots.draw(rows, asked.output) if asked.output else ():
            print(path)
    except (ValueError, OSError) as fault:
        print(f"grid_statistics: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
