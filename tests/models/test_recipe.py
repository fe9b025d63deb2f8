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
