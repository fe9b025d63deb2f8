"""Effects of the factors of a grid: means, paired Wilcoxon tests, least squares, absolute time against beats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.stats import wilcoxon
from statsmodels.api import OLS
from statsmodels.stats.multitest import multipletests

from segue_models.evaluation.grid.records import Row

TEST, VALIDATION = "test_bcr", "validation_bcr"
HEARD = ("feature", "window_s", "pooled", "window_beats", "cells_per_beat")  # the rest is the network
ROLES = ("entry", "exit")


@dataclass(frozen=True)
class Paired:
    """Level a against level b in n pairs alike in all else: median difference a - b, Wilcoxon's W, p, Holm's p.

    w and p are nan where no pair differs.
    """

    factor: str
    a: str
    b: str
    n: int
    median: float
    w: float
    p: float
    holm: float


def levels(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Levels of each factor that is varied, numbers by their value; what is heard before the network's own."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for factor, level in row.levels.items():
            found.setdefault(factor, set()).add(level)
    order = sorted(found, key=lambda factor: (HEARD.index(factor) if factor in HEARD else len(HEARD), factor))
    return {factor: sorted(found[factor], key=_natural) for factor in order if len(found[factor]) > 1}


def _natural(level: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in level.split("-")]


def varying(rows: Sequence[Row], factor: str) -> list[Row]:
    """Rows of the designs that vary the factor: gammatone against CQT is a question of absolute time alone."""
    there: dict[frozenset[str], set[str]] = {}
    for row in rows:
        if factor in row.levels:
            there.setdefault(frozenset(row.levels), set()).add(row.levels[factor])
    return [row for row in rows if len(there.get(frozenset(row.levels), ())) > 1]


def mean(rows: Sequence[Row], measure: str = TEST) -> float:
    """Mean figure of rows; nan of none."""
    return float(np.mean([r.figures[measure] for r in rows])) if rows else float("nan")


def pairs(rows: Sequence[Row], factor: str, a: str, b: str, measure: str = TEST) -> list[tuple[float, float]]:
    """Figures of rows that have level a and level b and are alike in all else, the role too."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for row in rows:
        if factor in row.levels:
            rest = sorted(f"{k}={v}" for k, v in row.levels.items() if k != factor)
            alike = (row.grid, row.role, row.told["fold"], *row.scale, *rest)
            found.setdefault(alike, {})[row.levels[factor]] = row.figures[measure]
    return [(level[a], level[b]) for level in found.values() if a in level and b in level]


def compare(rows: Sequence[Row], factor: str, measure: str = TEST) -> list[Paired]:
    """Every two levels of a factor by two-sided Wilcoxon tests, corrected after Holm over these comparisons."""
    out = []
    for a, b in combinations(levels(rows)[factor], 2):
        out.append(signed_rank(factor, a, b, pairs(rows, factor, a, b, measure)))
    tested = [i for i, test in enumerate(out) if np.isfinite(test.p)]
    if tested:
        corrected = multipletests([out[i].p for i in tested], method="holm")[1]
        for i, p in zip(tested, corrected, strict=True):
            out[i] = replace(out[i], holm=float(p))
    return out


def signed_rank(factor: str, a: str, b: str, found: Sequence[tuple[float, float]]) -> Paired:
    """Two-sided Wilcoxon signed-rank test of pairs (a, b)."""
    gaps = np.array([x - y for x, y in found])
    median = float(np.median(gaps)) if len(gaps) else float("nan")
    if not gaps.any():
        return Paired(factor, a, b, len(gaps), median, float("nan"), float("nan"), float("nan"))
    result = wilcoxon(gaps)
    return Paired(factor, a, b, len(gaps), median, float(result.statistic), float(result.pvalue), float(result.pvalue))


def adjusted(rows: Sequence[Row], factor: str, a: str, b: str, measure: str = TEST) -> tuple[float, float]:
    """Difference a - b and half of its 95 % interval by least squares over the main effects of all factors and roles.

    For a part of a grid, whose exact pairs are few. nan where the rows do not tell the effects apart.
    """
    effects = [(f, level) for f, there in levels(rows).items() for level in there[1:]]
    designs = sorted({tuple(sorted(row.levels)) for row in rows})[1:]
    roles = sorted({row.role for row in rows})[1:]
    x = np.array([
        [*(row.levels.get(f) == level for f, level in effects), *(tuple(sorted(row.levels)) == d for d in designs),
         *(row.role == role for role in roles), True] for row in rows
    ], np.float64)  # fmt: skip
    if len(x) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        return float("nan"), float("nan")
    contrast = np.zeros(x.shape[1])
    for level, sign in ((a, 1.0), (b, -1.0)):
        if (factor, level) in effects:
            contrast[effects.index((factor, level))] = sign
    found = OLS(np.array([row.figures[measure] for row in rows]), x).fit().t_test(contrast)
    low, high = found.conf_int()[0]
    return float(found.effect[0]), float(high - low) / 2


def best_of(rows: Sequence[Row], choose: str = TEST) -> tuple[Paired, float, float]:
    """Absolute time against beats for gammatone: for each network and role the best setting of each by `choose`.

    Returns the test of the test figures and their means. Chosen by the test figures, as in the paper, both flatter.
    """
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        if row.levels.get("feature") == "gammatone":
            network = (row.role, *sorted(f"{k}={v}" for k, v in row.levels.items() if k not in HEARD))
            base = "beats" if "window_beats" in row.levels else "absolute"
            best = found.setdefault(network, {}).setdefault(base, row)
            if row.figures[choose] > best.figures[choose]:
                found[network][base] = row
    both = [(f["absolute"].figures[TEST], f["beats"].figures[TEST]) for f in found.values() if len(f) == 2]
    means = np.mean(both, axis=0) if both else (np.nan, np.nan)
    return signed_rank("time base", "absolute", "beats", both), float(means[0]), float(means[1])


def folds(rows: Sequence[Row]) -> list[tuple[Row, int, float, float]]:
    """Of each configuration that was trained in folds: one row, how many folds, mean and standard deviation."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.told["folds"] != "0":
            found.setdefault((row.grid, row.role, *row.scale, *sorted(row.levels.values())), []).append(row)
    out = []
    for same in found.values():
        bcrs = [row.figures[TEST] for row in same]
        out.append((same[0], len(same), float(np.mean(bcrs)), float(np.std(bcrs, ddof=1)) if len(bcrs) > 1 else np.nan))
    return out
