import pkgutil

import pytest

from segue_models import recipe as recipes
from segue_models.features import gammatone
from segue_models.paths import Paths
from segue_models.training import tasks


def test_every_task_offers_what_training_and_export_ask_for():
    names = {module.name for module in pkgutil.iter_modules(tasks.__path__)}
    assert names >= {"cuts", "beats", "downbeats", "boundaries", "boundaries_sslm", "boundaries_hpss"}
    for name in names:
        task = tasks.find(name)
        assert task.LABEL
        assert all(callable(getattr(task, what)) for what in ("feature", "outputs", "load", "normalisation", "batches"))


def test_the_card_of_a_network_of_cuts_says_what_the_recipe_says():
    def heard(**data):
        plain = {"name": "r", "architecture": "cut_cnn_1d", "roles": ["exit"], "data": {"corpora": [], **data}}
        return tasks.find("cuts").feature(recipes.from_dict(plain))

    assert heard() == {**gammatone.PARAMETERS, "time_base": "beats"}
    found = heard(feature="cqt", time_base="frames", pooled=4)
    assert (found["name"], found["bands"], found["time_base"], found["pooled"]) == ("cqt", 96, "frames", 4)
    assert heard(feature="handcrafted")["bands"] == 36
    assert heard(foreground=True) == {**heard(), "foreground": True}


def test_only_gammatone_is_varied(tmp_path):
    recipe = recipes.from_dict({
        "name": "r", "architecture": "cut_tcn", "roles": ["exit"], "data": {"corpora": [], "feature": "cqt"},
        "training": {"augment": True},
    })  # fmt: skip
    with pytest.raises(ValueError, match="not cqt: leave `augment` out"):
        tasks.find("cuts").load(recipe, Paths(tmp_path, tmp_path, 1), print)


@pytest.mark.parametrize(("architecture", "beds"), [("cut_cnn_2d", 0.0), ("cut_tcn", 0.2)])
def test_a_foreground_is_for_networks_that_hear_whole_songs_alone(tmp_path, architecture, beds):
    recipe = recipes.from_dict({
        "name": "r", "architecture": architecture, "roles": ["exit"], "training": {"beds": beds},
        "data": {"corpora": [], "foreground": True},
    })  # fmt: skip
    with pytest.raises(ValueError, match="a foreground is for dense networks"):
        tasks.find("cuts").load(recipe, Paths(tmp_path, tmp_path, 1), print)


def test_an_unknown_task_is_told():
    with pytest.raises(ValueError, match="no 'nonsense' among the tasks"):
        tasks.find("nonsense")


def test_a_network_of_cuts_needs_roles_and_others_have_none():
    plain = {"name": "r", "architecture": "cut_tcn", "data": {"corpora": []}}
    with pytest.raises(recipes.RecipeError, match="roles"):
        recipes.from_dict(plain)
    assert recipes.from_dict({**plain, "task": "beats"}).roles == ()
