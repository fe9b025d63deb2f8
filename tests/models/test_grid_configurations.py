from collections import Counter
from pathlib import Path

import pytest
import torch

from segue_models.architectures import build
from segue_models.recipe import RecipeError
from segue_models.training.grid import configurations

FOLDER = Path(__file__).parents[2] / "models" / "recipes"


def read(experiment):
    return configurations.read(FOLDER / "grids" / f"experiment{experiment}.toml")


def parameters(configuration):
    with torch.device("meta"):
        network = build(configuration.recipe.architecture, **configuration.recipe.network)
    return sum(p.numel() for p in network.parameters())


def test_the_grids_of_the_paper_have_its_556_trainings():
    grids = [read(experiment) for experiment in (1, 2, 3)]
    assert [Counter(c.role for c in g) for g in grids] == [{"entry": n, "exit": n} for n in (96, 168, 14)]
    assert len({c.key for g in grids for c in g}) == 556
    absolute = [c for c in grids[1] if "window_s" in c.levels]
    assert len(absolute) == 2 * 96 and {c.recipe.data.time_base for c in absolute} == {"frames"}


@pytest.mark.parametrize(
    ("experiment", "sizes"),
    [
        (1, {(t, f) for t in (431, 217, 173, 87) for f in (36, 75, 96)}),
        (2, {(t, f) for t in (431, 217, 173, 87) for f in (75, 96)} | {(t, 75) for t in (96, 48, 24, 12)}),
        (3, {(t, f) for t in (431, 217, 173, 87) for f in (75, 96)} | {(t, 75) for t in (96, 48, 24, 12)}),
    ],
)
def test_inputs_have_the_sizes_of_the_specification(experiment, sizes):
    networks = [c.recipe.network for c in read(experiment)]
    assert {(n["context_cells"], n["bands"]) for n in networks} == sizes


@pytest.mark.parametrize(("experiment", "least", "most"), [(1, 455_994, 11_000_858), (2, 1_475_674, 265_300_698)])
def test_smallest_and_largest_networks_have_the_published_parameters(experiment, least, most):
    counts = [parameters(c) for c in read(experiment) if c.role == "entry"]
    assert (min(counts), max(counts)) == (least, most)


def test_levels_are_told_as_text_and_picked_by_it():
    chosen = configurations.only(read(2), ["shape=3-9", "cells_per_beat=8", "window_beats=12", "role=exit", "pool=1-2"])
    assert [c.recipe.network["filters"] for c in chosen] == [[32, 64, 128], [64, 128, 256]]
    assert {c.recipe.network["context_cells"] for c in chosen} == {96}
    with pytest.raises(RecipeError, match=r"shape is one of \['3-3', '3-9', '9-3'\]"):
        configurations.only(read(2), ["shape=4-4"])
    with pytest.raises(RecipeError, match="all of"):
        configurations.only(read(2), ["window_beats=12", "window_s=4"])


def test_the_key_changes_with_everything_that_is_asked_for():
    whole = read(3)[:1]
    scales = [(0, 0, 0, 0), (60, 0, 0, 0), (0, 5, 0, 0), (0, 0, 2, 0), (0, 0, 0, 50)]
    keys = [c.key for scale in scales for c in configurations.scaled(whole, *scale)]
    assert len(set(keys)) == len(keys) == 6
    assert keys[0] == whole[0].key == read(3)[0].key
    assert configurations.scaled(whole, 0, 500, 0)[0].recipe.training.epochs == 100  # a cap, not a wish


def test_a_plain_recipe_is_a_grid_of_one_for_each_role():
    alone = configurations.read(FOLDER / "paper_entry.toml")
    assert [(c.role, c.levels) for c in alone] == [("entry", {})]
    assert [c.fold for c in configurations.scaled(alone, 0, 0, 10)] == list(range(10))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[designs]]\npooled = 1", "list of levels"),
        ("[[designs]]\nwindow_s = [4]\nwindow_beats = [6]", "one window"),
        ("[[designs]]\nwindow_s = [4]\nfeature = ['smell']", "smell"),
        ("[[designs]]\nwindow_s = [4, 4]", "same configuration"),
        ("[[designs]", "cannot read"),
    ],
)
def test_a_grid_at_fault_is_named(tmp_path, text, says):
    path = tmp_path / "g.toml"
    path.write_text(f'name = "g"\narchitecture = "cut_unet"\nroles = ["exit"]\n[data]\ncorpora = []\n{text}')
    with pytest.raises(RecipeError, match=says):
        configurations.read(path)
