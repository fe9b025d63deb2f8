import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from segue_models import recipe as recipes
from segue_models.architectures import build

FOLDER = Path(__file__).parents[2] / "models" / "recipes"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda p: p.stem)
def test_every_recipe_of_ours_can_be_built(path):
    recipe = recipes.read(path)
    assert recipe.name == path.stem
    build(recipe.architecture, **recipe.network)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"', "data"),
        ('name = "x"\narchitecture = "a"\nroles = ["entry"]\nspeed = 1\n[data]\ncorpora = []', "speed"),
        ('name = "x"\narchitecture = "a"\nroles = ["entry"]\n[data]\ncorpora = []\nsongs = 3', "songs"),
    ],
)
def test_a_recipe_at_fault_is_named(tmp_path, text, says):
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(recipes.RecipeError, match=says):
        recipes.read(path)


def test_a_missing_recipe(tmp_path):
    with pytest.raises(recipes.RecipeError, match="cannot read"):
        recipes.read(tmp_path / "none.toml")


MIXED = """
name = "m"
architecture = "cut_tcn"
roles = ["entry"]
[data]
corpora = ["a", "b"]
[data.weights]
a = 2.0
[network]
channels = 8
levels = 3
[training]
epochs = 9
[[members]]
[[members]]
seeds = 2
data.weights.b = 0.0
network.channels = 12
training.epochs = 4
"""


def test_a_model_is_made_of_each_kind_of_its_members_from_each_seed(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(MIXED)
    recipe = recipes.read(path)
    assert recipes.from_dict(recipe.as_dict()) == recipe  # as the card of a model keeps it
    assert [[r.name for r in kind] for kind in recipes.kinds(recipe, left_out=True)] == [["m-1a"], ["m-1b"]]
    (a1,), (b1, b2) = recipes.kinds(recipe)
    assert [r.name for r in (a1, b1, b2)] == ["m-1a", "m-1b", "m-2b"] and [r.seed for r in (a1, b1, b2)] == [1, 1, 2]
    assert (a1.data, a1.network, a1.training.epochs) == (recipe.data, {"channels": 8, "levels": 3}, 9)
    assert b2.data.corpora == ("a", "b") and b2.data.weights == {"a": 2.0, "b": 0.0}
    assert (b2.network, b2.training.epochs) == ({"channels": 12, "levels": 3}, 4)
    assert not b2.members

    alone = replace(recipe, members=())
    assert recipes.kinds(replace(alone, seeds=2)) == [recipes.seeded(alone, 2)]


@pytest.mark.parametrize("changes", ["speed = 3", "data.songs = 3", "training.epoch = 4", "data = 3"])
def test_members_that_change_what_no_recipe_has_are_told(tmp_path, changes):
    path = tmp_path / "m.toml"
    path.write_text(f"{MIXED}\n[[members]]\n{changes}")
    with pytest.raises(recipes.RecipeError):
        recipes.kinds(recipes.read(path))


def test_music_is_what_one_of_two_kinds_knows():
    two = recipes.from_dict(tomllib.loads(f'music = ["b"]\n{MIXED}'))
    assert two.music == ("b",) and not any(r.music for kind in recipes.kinds(two) for r in kind)
    for members in (f"{MIXED}\n[[members]]", MIXED[: MIXED.index("[[members]]")]):
        with pytest.raises(recipes.RecipeError, match="two kinds"):
            recipes.from_dict(tomllib.loads(f'music = ["b"]\n{members}'))
