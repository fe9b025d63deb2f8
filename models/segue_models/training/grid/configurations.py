"""A grid of experiments: its TOML file is a recipe with `[[designs]]`, each a full factorial of factors and levels.

A factor is a key of the recipe's `data` or `network`; `window_s` and `window_beats` are the excerpt's length, and say
which time base it has. Size and bands of the network's input follow. A recipe without designs is a grid of one.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from segue_models import recipe as recipes
from segue_models.cuts import time_base
from segue_models.recipe import Data, Recipe, RecipeError

BANDS = {"gammatone": 75, "cqt": 96, "handcrafted": 36}
_WINDOWS = {"window_s": "frames", "window_beats": "beats"}


@dataclass(frozen=True)
class Configuration:
    """One training: a recipe of one role, and its level of each factor as text.

    songs: how many to take of all (0: every one); fold: which of `folds` parts of the songs is the test (folds 0: each
    corpus' own split).
    """

    grid: str
    recipe: Recipe
    levels: dict[str, str] = field(default_factory=dict)
    songs: int = 0
    fold: int = 0
    folds: int = 0

    @property
    def key(self) -> str:
        """Name of its record: a hash of everything that is asked for."""
        asked = {**self.recipe.as_dict(), "name": self.grid, "of": [self.songs, self.fold, self.folds]}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def role(self) -> str:
        """The role that is learnt."""
        return self.recipe.roles[0]


def read(path: Path) -> list[Configuration]:
    """All configurations of a grid file, the roles one after the other; raises RecipeError."""
    content = recipes.content(path)
    designs = content.pop("designs", [{}])
    base = recipes.from_dict(content)
    if not base.roles:
        raise RecipeError(f"{path} is no grid of cuts: it needs roles")
    out = []
    if not isinstance(designs, list) or not all(isinstance(design, dict) for design in designs):
        raise RecipeError(f"{path}: write each design as a table, [[designs]]")
    for role, design in product(base.roles, designs):
        if not all(isinstance(levels, list) and levels for levels in design.values()):
            raise RecipeError(f"{path}: every factor of a design needs a list of levels")
        for levels in product(*design.values()):
            chosen = dict(zip(design, levels, strict=True))
            try:
                out.append(_configuration(replace(base, roles=(role,)), chosen))
            except (TypeError, ArithmeticError) as error:
                raise RecipeError(f"{path}: no network has {chosen}: {error}") from error
    if not all("context_cells" in c.recipe.network for c in out):
        raise RecipeError(
            f"{path} is no grid: its network hears whole songs, and a grid trains those that hear a window "
            "(window_s or window_beats); `segue train` takes this recipe"
        )
    if len({c.key for c in out}) < len(out):
        raise RecipeError(f"{path}: two designs hold the same configuration")
    return out


def _configuration(base: Recipe, levels: dict[str, Any]) -> Configuration:
    known = {f.name for f in fields(Data)}
    data = {k: v for k, v in levels.items() if k in known}
    network = {k: v for k, v in levels.items() if k not in known and k not in _WINDOWS}
    windows = [k for k in levels if k in _WINDOWS]
    if len(windows) > 1:
        raise RecipeError("a design has one window: window_s or window_beats")
    for window in windows:
        heard = replace(base.data, **data, time_base=_WINDOWS[window])
        data["time_base"] = _WINDOWS[window]
        network |= {"bands": BANDS[heard.feature], "context_cells": time_base.rows(levels[window], heard)}
    network = {**base.network, **network}
    if "context_cells" in network:
        network.setdefault("bands", BANDS[data.get("feature", base.data.feature)])
    recipe = replace(base, data=replace(base.data, **data), network=network)
    recipes.checked(recipe.data)
    return Configuration(base.name, recipe, {k: text(v) for k, v in levels.items()})


def text(level: Any) -> str:
    """A level as records and tables name it: [3, 9] is "3-9"."""
    return "-".join(str(part) for part in level) if isinstance(level, list | tuple) else str(level)


def only(configurations: Sequence[Configuration], wanted: Sequence[str]) -> list[Configuration]:
    """Those that have every wanted level, each written FACTOR=LEVEL; `role` is a factor. Raises RecipeError."""
    out = list(configurations)
    for wish in wanted:
        factor, _, level = wish.partition("=")
        there = sorted({(c.levels | {"role": c.role}).get(factor, "") for c in configurations} - {""})
        if level not in there:
            raise RecipeError(f"no configuration has {wish}: {factor or 'the factor'} is one of {there}")
        out = [c for c in out if (c.levels | {"role": c.role}).get(factor) == level]
    if not out:
        raise RecipeError(f"no configuration has all of {', '.join(wanted)}")
    return out


def scaled(
    configurations: Sequence[Configuration], songs: int = 0, epochs: int = 0, folds: int = 0, batch: int = 0
) -> list[Configuration]:
    """The same with fewer songs, at most `epochs`, `batch` excerpts an update (0: as they are), once for every fold."""
    out = []
    for c in configurations:
        asked = c.recipe.training
        less = replace(asked, epochs=min(epochs or asked.epochs, asked.epochs), batch=batch or asked.batch)
        out += [
            replace(c, recipe=replace(c.recipe, training=less), songs=songs, fold=fold, folds=folds)
            for fold in range(max(1, folds))
        ]
    return out
