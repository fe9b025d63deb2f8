"""The songs of a recipe: corpora by name, prepared as examples and split by song."""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from segue_models.corpora import Track
from segue_models.places import Places
from segue_models.recipe import Recipe
from segue_models.training.examples import Example, prepare

Say = Callable[[str], None]


def load(corpora: Iterable[str], cells_per_beat: int, where: Places, say: Say) -> list[Example]:
    """Examples of whole corpora; rendering and features are cached, so a stopped run goes on.

    Raises ValueError for an unknown corpus, and where its data is not there.
    """
    tracks: list[Track] = []
    for name in corpora:
        if find_spec(f"segue_models.corpora.{name}") is None:
            raise ValueError(f"there is no corpus {name!r}: corpora are the files in segue_models/corpora")
        try:
            found = import_module(f"segue_models.corpora.{name}").tracks(where.data, where.cache, where.jobs)
        except FileNotFoundError as error:
            raise ValueError(f"the data of {name} is not in {where.data} ($SEGUE_DATA says where): {error}") from error
        say(f"{name}: {len(found)} songs")
        tracks.extend(found)

    def progress(done: int, total: int, what: str) -> None:
        if done % 20 == 0 or done == total or ":" in what:
            say(f"features {done}/{total} {what}")

    return prepare(tracks, cells_per_beat, where.cache, where.jobs, progress)


def part(examples: Iterable[Example], which: str) -> list[Example]:
    """The songs of one part: "train", "validation" or "test", by each corpus' own `split` (all "train" without one)."""
    out = []
    for e in examples:
        split = getattr(import_module(f"segue_models.corpora.{e.corpus}"), "split", lambda name: "train")
        if split(e.name) == which:
            out.append(e)
    return out


def training_songs(recipe: Recipe, examples: Iterable[Example]) -> list[Example]:
    """Songs the recipe trains on."""
    return part(_allowed(recipe, examples), "train")


def validation_songs(recipe: Recipe, examples: Iterable[Example]) -> list[Example]:
    """Songs that say which epoch is best."""
    return part(_allowed(recipe, examples), "validation")


def _allowed(recipe: Recipe, examples: Iterable[Example]) -> list[Example]:
    """Nothing left out is heard, neither as a song nor as a voice, also not to choose the epoch."""
    away = set(recipe.data.leave_out)
    return [e for e in examples if e.name not in away and not away.intersection(e.voices)]


def run(recipe: Recipe, train: Callable[..., Path], runs: Path, where: Places, say: Say) -> Path:
    """What `segue train` does with the loop `training.train.train`; returns the best checkpoint."""
    examples = load(recipe.data.corpora, recipe.data.cells_per_beat, where, say)
    return train(recipe, training_songs(recipe, examples), validation_songs(recipe, examples), runs, say)
