"""A balanced part of a grid: every level of every factor as often as any other, with many pairs that differ in one.

Levels of two factors meet wherever they can, so that what one does is not taken for what the other does.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from segue_models.training.grid.configurations import Configuration

Row = dict[str, str]

SWAPS = 3000  # tries to make more levels meet, and more pairs


def balanced(configurations: Sequence[Configuration], count: int, seed: int) -> list[Configuration]:
    """`count` configurations of each role, the same for all roles; every level equally often in a design, within one.

    Designs share `count` by their sizes. Raises ValueError where there are not that many.
    """
    by_role: dict[str, list[Configuration]] = {}
    for c in configurations:
        by_role.setdefault(c.role, []).append(c)
    rows = [c.levels for c in next(iter(by_role.values()))]
    if count > len(rows):
        raise ValueError(f"the grid has {len(rows)} configurations a role: --balanced takes at most that many")
    # What a balanced draw leaves of a full factorial is balanced too, and few are sooner found than many.
    few = min(count, len(rows) - count)
    drawn = {_key(row) for row in _draw(rows, few, np.random.default_rng(seed))}
    if few < count:
        drawn = {_key(row) for row in rows} - drawn
    return [c for same in by_role.values() for c in same if _key(c.levels) in drawn]


def pairs(rows: Sequence[Row]) -> dict[str, int]:
    """For each factor, how many pairs of rows differ in it alone."""
    out = {factor: 0 for row in rows for factor in row}
    for factor in out:
        alike = Counter(_key({k: v for k, v in row.items() if k != factor}) for row in rows if factor in row)
        out[factor] = sum(n * (n - 1) // 2 for n in alike.values())
    return out


def meetings(rows: Sequence[Row]) -> int:
    """How many pairs of levels of two factors occur together in a row."""
    return len({pair for row in rows for pair in combinations(_key(row), 2)})


def _key(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row.items()))


def _draw(rows: Sequence[Row], count: int, rng: np.random.Generator) -> list[Row]:
    designs: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        designs.setdefault(tuple(row), []).append(row)
    exact = np.array([count * len(members) / len(rows) for members in designs.values()])
    shares = np.floor(exact).astype(int)
    shares[np.argsort(shares - exact)[: count - shares.sum()]] += 1
    dealt: dict[tuple[str, tuple[str, ...]], int] = {}
    out: list[Row] = []
    for members, share in zip(designs.values(), shares, strict=True):
        columns = {}
        for factor in members[0]:
            levels = tuple(dict.fromkeys(row[factor] for row in members))
            # Designs that share a factor go on dealing where the last one stopped: it is balanced over both.
            first = dealt.setdefault((factor, levels), int(rng.integers(len(levels))))
            dealt[factor, levels] = first + int(share)
            columns[factor] = rng.permutation([levels[(first + i) % len(levels)] for i in range(share)]).tolist()
        out += _paired([dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)], rng)
    return out


def _paired(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    """Swap levels between rows, which keeps the balance, until all rows differ, levels meet and pairs are many."""
    if len(rows) < 2:
        return rows
    factors, best = list(rows[0]), _worth(rows)
    for swap in range(9 * SWAPS):
        if swap >= SWAPS and best[0] == len(rows):
            return rows
        a, b = rng.choice(len(rows), 2, replace=False)
        f = factors[rng.integers(len(factors))]
        if rows[a][f] == rows[b][f]:
            continue
        rows[a][f], rows[b][f] = rows[b][f], rows[a][f]
        now = _worth(rows)
        if now >= best:
            best = now
        else:
            rows[a][f], rows[b][f] = rows[b][f], rows[a][f]
    raise ValueError("no balanced draw of that size was found: take a few more or fewer")


def _worth(rows: list[Row]) -> tuple[int, int, int, int]:
    found = pairs(rows).values()
    return len({_key(row) for row in rows}), meetings(rows), min(found), sum(found)
