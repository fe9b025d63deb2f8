"""The songs of a recipe: corpora by name, prepared as examples and split by song."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from segue_models.corpora import find
from segue_models.paths import Paths
from segue_models.recipe import Data, Recipe, alone
from segue_models.track import Track
from segue_models.training import tasks
from segue_models.training.examples import Example, prepare

Log = Callable[[str], None]


class Song(Protocol):
    """What an example of any task says of its song."""

    @property
    def name(self) -> str:
        """Name of the song in its corpus."""

    @property
    def corpus(self) -> str:
        """Name of the corpus."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Recordings whose singer is heard."""


E = TypeVar("E", bound=Song)


def tracks(corpora: Iterable[str], where: Paths, log: Log) -> list[Track]:
    """The songs of whole corpora; what must be rendered is rendered once.

    Raises ValueError for an unknown corpus, and where its data is not there.
    """
    out: list[Track] = []
    for name in corpora:
        corpus = find(name)
        try:
            found = corpus.tracks(where.data, where.cache, where.jobs)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ValueError(f"the data of {name} is not in {where.data} ($SEGUE_DATA says where): {error}") from error
        log(f"{name}: {len(found)} songs")
        out.extend(found)
    return out


def load(corpora: Iterable[str], cells_per_beat: int, where: Paths, log: Log) -> list[Example]:
    """Examples of cuts as serving hears them. Raises ValueError as `tracks` does."""
    return examples(Data(tuple(corpora), cells_per_beat), where, log)


def examples(data: Data, where: Paths, log: Log) -> list[Example]:
    """Examples of cuts of whole corpora, cached, so that a stopped run goes on. Raises ValueError as `tracks` does."""

    def progress(done: int, total: int, what: str) -> None:
        if done % 20 == 0 or done == total or ":" in what:
            log(f"features {done}/{total} {what}")

    return prepare(tracks(data.corpora, where, log), data, where, progress)


def part(examples: Iterable[E], which: str) -> list[E]:
    """The songs of one part: "train", "validation" or "test", by each corpus' own `split` (all "train" without one)."""
    out = []
    for e in examples:
        split = getattr(find(e.corpus), "split", lambda name: "train")
        if split(e.name) == which:
            out.append(e)
    return out


def training_songs(recipe: Recipe, examples: Iterable[E]) -> list[E]:
    """Songs the recipe trains on."""
    return part(_allowed(recipe, examples), "train")


def validation_songs(recipe: Recipe, examples: Iterable[E]) -> list[E]:
    """Songs that say which epoch is best: none of a corpus that the recipe weighs with 0."""
    heard = (e for e in _allowed(recipe, examples) if recipe.data.weights.get(e.corpus, 1.0) > 0)
    return part(heard, "validation")


def _allowed(recipe: Recipe, examples: Iterable[E]) -> list[E]:
    """Nothing left out is heard, neither as a song nor as a voice, also not to choose the epoch."""
    away = set(recipe.data.leave_out)
    return [e for e in examples if e.name not in away and not away.intersection(e.voices)]


def run(recipe: Recipe, train: Callable[..., Path], runs: Path, where: Paths, log: Log) -> Path:
    """What `segue train` does with the loop `training.train.train`; returns the best checkpoint.

    Of a recipe for several networks, one by what they have in common: `segue_exporter.release` makes the whole model.
    """
    recipe = alone(recipe)
    examples = tasks.find(recipe.task).load(recipe, where, log)
    return train(recipe, training_songs(recipe, examples), validation_songs(recipe, examples), runs, log)
