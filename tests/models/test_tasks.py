import pkgutil

import pytest

from segue_models import recipe as recipes
from segue_models.training import tasks


def test_every_task_offers_what_training_and_export_ask_for():
    names = {module.name for module in pkgutil.iter_modules(tasks.__path__)}
    assert names >= {"cuts", "beats", "downbeats", "boundaries", "boundaries_sslm"}
    for name in names:
        task = tasks.find(name)
        assert task.LABEL
        assert all(callable(getattr(task, what)) for what in ("feature", "outputs", "load", "normalisation", "batches"))


def test_an_unknown_task_is_told():
    with pytest.raises(ValueError, match="no task 'nonsense'"):
        tasks.find("nonsense")


def test_a_network_of_cuts_needs_roles_and_others_have_none():
    plain = {"name": "r", "architecture": "cut_tcn", "data": {"corpora": []}}
    with pytest.raises(recipes.RecipeError, match="roles"):
        recipes.from_dict(plain)
    assert recipes.from_dict({**plain, "task": "beats"}).roles == ()
