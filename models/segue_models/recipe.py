"""A training recipe: what `segue train RECIPE` reads from a TOML file."""

import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any


class RecipeError(ValueError):
    """The recipe is missing a table or has a key that nobody reads."""


CHOICES: dict[str, tuple[Any, ...]] = {
    "feature": ("gammatone", "cqt", "handcrafted"),
    "time_base": ("beats", "frames"),
    "pooled": (1, 2, 4, 8),
}


@dataclass(frozen=True)
class Data:
    """corpora: names under `corpora/`; validation and test songs follow each corpus' own fixed split.

    leave_out: names of recordings (songs or voices) to keep out of training, for leave-one-song-out.
    What a network of cuts hears: `feature`, in rows of `time_base` (specs 1.4, 1.5): "beats" of `cells_per_beat` cells,
    or "frames" of 23 ms, averaged over `pooled` of them.
    """

    corpora: tuple[str, ...]
    cells_per_beat: int = 4
    leave_out: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    feature: str = "gammatone"
    time_base: str = "beats"
    pooled: int = 1

    def __post_init__(self) -> None:
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                raise RecipeError(f"the recipe says {key} = {getattr(self, key)!r}: it is one of {choices}")
        if self.time_base == "beats" and self.pooled != 1:
            raise RecipeError("only frames are pooled: coarser beats have fewer cells_per_beat")


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
    """A whole experiment; task: a file of `training/tasks`; roles: which of entry and exit a network of cuts tells."""

    name: str
    architecture: str
    data: Data
    task: str = "cuts"
    roles: tuple[str, ...] = ()
    network: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    seed: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the model's card keeps them."""
        return asdict(self)


def from_dict(d: dict[str, Any]) -> Recipe:
    """Recipe from plain values; raises RecipeError that names the key at fault."""
    try:
        data, training = dict(d["data"]), dict(d.get("training", {}))
        for key in ("corpora", "leave_out"):
            if key in data:
                data[key] = tuple(data[key])
        rest = {k: v for k, v in d.items() if k not in ("data", "training")}
        rest["roles"] = tuple(rest.get("roles", ()))
        if rest.get("task", "cuts") == "cuts" and not rest["roles"]:
            raise TypeError("roles")
        return Recipe(data=Data(**data), training=Training(**training), **rest)
    except (KeyError, TypeError) as error:
        raise RecipeError(f"the recipe is not complete or has an unknown key: {error}") from error


def read(path: Path) -> Recipe:
    """Read a TOML recipe; raises RecipeError."""
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error


def seeded(recipe: Recipe, members: int) -> list[Recipe]:
    """The same experiment from `members` seeds, named after them."""
    seeds = range(recipe.seed, recipe.seed + members)
    return [replace(recipe, name=f"{recipe.name}-{seed}", seed=seed) for seed in seeds]
