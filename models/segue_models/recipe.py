"""A training recipe: what `segue train RECIPE` reads from a TOML file."""

import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from string import ascii_lowercase
from typing import Any, get_args, get_origin, get_type_hints


class RecipeError(ValueError):
    """The recipe is missing a table or has a key that nobody reads."""


CHOICES: dict[str, tuple[Any, ...]] = {
    "feature": ("gammatone", "cqt", "handcrafted"),
    "time_base": ("beats", "frames"),
    "pooled": (1, 2, 4, 8),
}
LEAST = {"cells_per_beat": 1, "batch": 1, "epochs": 1, "patience": 1, "epoch_batches": 0, "seeds": 1, "seed": 0}


@dataclass(frozen=True)
class Data:
    """corpora: names under `corpora/`; validation and test songs follow each corpus' own fixed split.

    leave_out: names of recordings (songs or voices) to keep out of training, for leave-one-song-out.
    What a network of cuts hears: `feature`, in rows of `time_base` (specs 1.4, 1.5): "beats" of `cells_per_beat` cells,
    or "frames" of 23 ms, averaged over `pooled` of them. foreground: also what stands out from the parts of the song
    that come again (`cuts.foreground`).
    """

    corpora: tuple[str, ...]
    cells_per_beat: int = 4
    leave_out: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    feature: str = "gammatone"
    time_base: str = "beats"
    pooled: int = 1
    foreground: bool = False

    def __post_init__(self) -> None:
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                raise RecipeError(f"the recipe says {key} = {getattr(self, key)!r}: it is one of {choices}")
        if self.time_base == "beats" and self.pooled != 1:
            raise RecipeError("only frames are pooled: coarser beats have fewer cells_per_beat")
        if self.time_base == "frames" and self.foreground:
            raise RecipeError("a foreground is found by comparing beats, not frames")


@dataclass(frozen=True)
class Training:
    """Settings of the loop.

    epoch_batches caps the batches of an epoch (0 means all of them); start: name of the recipe whose best checkpoint
    this training begins with, instead of random weights; beds: share of stretches that another song plays under where
    nobody sings in it (dense networks of cuts only).
    """

    optimiser: str = "sgd"
    learning_rate: float = 0.01
    weight_decay: float = 0.02
    batch: int = 200
    epochs: int = 100
    patience: int = 5
    epoch_batches: int = 0
    augment: bool = False
    average: float = 0.0
    beds: float = 0.0
    start: str = ""


@dataclass(frozen=True)
class Recipe:
    """A whole experiment; task: a file of `training/tasks`; roles: which of entry and exit a network of cuts tells.

    What one model is made of: seeds, networks of other seeds that are averaged; seeds_left_out, as many for each song
    that is left out; members, what its networks have other than the recipe says, a table for each kind (`kinds`);
    music, the corpora whose music the second of two kinds knows best (`training.gate`).
    """

    name: str
    architecture: str
    data: Data
    task: str = "cuts"
    roles: tuple[str, ...] = ()
    network: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    seed: int = 1
    seeds: int = 1
    seeds_left_out: int = 1
    members: tuple[dict[str, Any], ...] = ()
    music: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.music and len(self.members) != 2:
            raise RecipeError("`music` says what the second of two kinds of members knows best")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the model's card keeps them."""
        return asdict(self)


def from_dict(d: dict[str, Any]) -> Recipe:
    """Recipe from plain values; raises RecipeError that names the key at fault."""
    try:
        data, training = dict(d["data"]), dict(d.get("training", {}))
        for key in ("corpora", "leave_out"):
            if key in data:
                data[key] = _tuple(key, data[key])
        rest = {k: v for k, v in d.items() if k not in ("data", "training")}
        for key in ("roles", "members", "music"):
            rest[key] = _tuple(key, rest.get(key, ()))
        if rest.get("task", "cuts") == "cuts" and not rest["roles"]:
            raise TypeError("roles")
        recipe = Recipe(data=Data(**data), training=Training(**training), **rest)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError(f"the recipe is not complete or has an unknown key: {error}") from error
    for part in (recipe, recipe.data, recipe.training):
        checked(part)
    return recipe


def checked(part: Recipe | Data | Training) -> None:
    """Raise RecipeError where a value is of another type than its key has, or a number is too small."""
    for key, kind in get_type_hints(type(part)).items():
        value = getattr(part, key)
        if not _fits(value, kind):
            raise RecipeError(f"the recipe says {key} = {value!r}, which is of the wrong type")
        if key in LEAST and value < LEAST[key]:
            raise RecipeError(f"the recipe says {key} = {value}: it is {LEAST[key]} at least")


def _fits(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    plain, inner = get_origin(kind) or kind, get_args(kind)
    if plain is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if plain is dict:
        return isinstance(value, dict) and all(isinstance(k, str) and _fits(v, inner[1]) for k, v in value.items())
    if plain in (int, float):
        return isinstance(value, (int, float) if plain is float else int) and not isinstance(value, bool)
    return isinstance(value, plain)


def _tuple(key: str, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise RecipeError(f"the recipe says {key} = {values!r}: write a list")
    return tuple(values)


def read(path: Path) -> Recipe:
    """Read a TOML recipe; raises RecipeError."""
    return from_dict(content(path))


def content(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises RecipeError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"cannot read {path}, which is not valid TOML: {error}") from error


def seeded(recipe: Recipe, seeds: int) -> list[Recipe]:
    """One network of the recipe, from `seeds` seeds, named after them."""
    numbers = range(recipe.seed, recipe.seed + seeds)
    return [replace(recipe, name=f"{recipe.name}-{seed}", seed=seed, members=()) for seed in numbers]


def alone(recipe: Recipe) -> Recipe:
    """One network of the recipe, without what it says of a whole model."""
    return replace(recipe, seeds=1, seeds_left_out=1, members=(), music=())


def kinds(recipe: Recipe, left_out: bool = False) -> list[list[Recipe]]:
    """The networks averaged in one model, each kind of its `members` from its seeds; raises RecipeError.

    left_out: as many as are trained for each song that is left out.
    """
    alike, out = replace(recipe, members=(), music=()).as_dict(), []
    for letter, changes in zip(ascii_lowercase, recipe.members or ({},), strict=False):
        kind = from_dict(_changed(alike, changes))
        networks = seeded(alone(kind), kind.seeds_left_out if left_out else kind.seeds)
        out.append([replace(r, name=r.name + letter * bool(recipe.members)) for r in networks])
    return out


def _changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The tables with what the changes say, key by key; tables in them likewise."""
    both = [k for k, v in changes.items() if isinstance(v, dict) and isinstance(values.get(k), dict)]
    tables = {k: _changed(values[k], changes[k]) for k in both}
    return {**values, **changes, **tables}
