"""What ideas give: songs judged alone, seeds averaged, and what was found kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from segue_models import recipe as recipes
from segue_models.evaluation import ideas
from segue_models.training.examples import Example

RECIPES = sorted((Path(ideas.__file__).resolve().parents[2] / "recipes" / "ideas").glob("*.toml"))
BASE = next(path for path in RECIPES if path.stem == "base")


def song(name: str, corpus: str, seed: int = 0, near: float = 1.0) -> Example:
    rng = np.random.default_rng(seed)
    labels = rng.random((60, 2)) < 0.4
    none = np.empty((0, 2))
    return Example(
        name, corpus, name, "CC0", (name,), corpus != "ultrastar", np.zeros((60, 75), np.float16),
        np.zeros((60, 0), np.float16), np.arange(60), np.arange(60.0), labels, np.ones(60, bool), rng.random(60) < near,
        np.zeros(60, int), np.ones(60, bool), np.ones(60, bool), none, np.zeros((60, 3), bool), np.ones(60, bool),
    )  # fmt: skip


def truth(e: Example) -> np.ndarray:
    return e.labels.astype(float)


def test_every_idea_is_the_base_with_something_changed():
    assert len(RECIPES) >= 6
    base = recipes.read(BASE)
    for path in RECIPES:
        recipe = recipes.read(path)
        assert recipe.name == path.stem and "pop909" in recipe.data.corpora
        assert not {"ultrastar", "jamendo"}.intersection(recipe.data.corpora)
        assert path == BASE or replace(recipe, name="base") != base


def test_songs_count_the_same_and_renders_near_boundaries():
    songs = [song("a", "ultrastar"), song("b", "ultrastar", 1), song("c", "pop909", 2, 0.5), song("d", "evr")]
    scored = {(e.corpus, e.name): truth(e) for e in songs[:3]}
    scored["ultrastar", "b"] = -truth(songs[1])  # all wrong
    far = ~songs[2].near_boundary
    scored["pop909", "c"][far] = 1 - scored["pop909", "c"][far]  # wrong only where nobody asks
    found = {(s, role): (value, n) for s, role, value, n in ideas.judge(songs, scored, ("entry", "exit"))}
    assert found == {(s, r): (pytest.approx(v), n) for s, v, n in (("ultrastar", 0.5, 2), ("pop909", 1.0, 1)) for r in ("entry", "exit")}  # fmt: skip  # noqa: E501


def test_seeds_are_trained_judged_and_judged_together(monkeypatch, tmp_path):
    songs = [song("x", "ultrastar"), song("y", "evr", 1), song("pop909-001", "pop909", 2)]
    trained = []

    def train(recipe, training, validation, runs, log):
        trained.append((recipe.name, sorted(e.name for e in training)))
        return Path(recipe.name)

    noise = {"base-1": 1.0, "base-2": -1.0}  # what one seed has too much the other has too little
    wave = np.random.default_rng(3).normal(size=(60, 2)) * 3
    monkeypatch.setattr(ideas, "train", train)
    monkeypatch.setattr(ideas, "logits", lambda best, e: truth(e) + noise[best.name] * wave)
    found = ideas.measure(recipes.read(BASE), songs, 2, False, tmp_path, lambda line: None)
    assert [name for name, _ in trained] == ["base-1", "base-2"]
    assert all("x" not in names for _, names in trained)  # never trained on
    by_seed = {r.seed: r.auc for r in found if (r.set, r.role) == ("ultrastar", "entry")}
    assert by_seed[ideas.TOGETHER] == 1.0 and max(by_seed["1"], by_seed["2"]) < 0.9


def test_what_was_found_is_kept_and_ideas_are_replaced_one_by_one(monkeypatch, tmp_path):
    out = tmp_path / "ideas.csv"
    value = iter((0.8, 0.9, 0.7))

    def measure(recipe, examples, seeds, left_out, runs, log):
        return [ideas.Result(recipe.name, "1", "ultrastar", "exit", next(value), 11, 0.1)]

    monkeypatch.setattr(ideas, "measure", measure)
    monkeypatch.setattr(ideas.songs, "examples", lambda data, where, log: [])
    other = next(path for path in RECIPES if path != BASE)
    for files in ([BASE, other], [BASE]):
        told = CliRunner().invoke(ideas.main, [*map(str, files), "-o", str(out)], catch_exceptions=False)
    assert {r.idea: r.auc for r in ideas.read(out)} == {"base": 0.7, other.stem: 0.9}
    assert "0.700" in told.output and "0.900" in told.output and "0.800" not in told.output
    assert not list(tmp_path.glob("*.tmp"))


def test_the_table_tells_mean_and_spread():
    rows = [
        ideas.Result("i", seed, "jamendo", "exit", v, 3, 1.0) for seed, v in (("1", 0.8), ("2", 0.9), ("all", 0.95))
    ]
    line = ideas.table(rows).splitlines()[-1]
    assert line.split() == ["i", "0.850", "(0.071)", "0.950"]
