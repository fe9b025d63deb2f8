"""A network is tried in its part before a job needs it."""

from dataclasses import replace

import numpy as np
import pytest

from segue_bridge import model_store
from segue_bridge.rehearsal import rehearse
from segue_models.serving.inference import ModelError


@pytest.mark.parametrize("part", model_store.SERVED)
@pytest.mark.parametrize("name", model_store.SERVED)
def test_each_network_that_ships_plays_its_own_part_and_no_other(name, part):
    network = model_store.network(name)
    if name == part:
        rehearse(part, network)
        return
    with pytest.raises(ModelError, match=f"{network.card.name} .* does not tell") as told:
        rehearse(part, network)
    assert "\n" not in str(told.value)


def test_a_name_without_a_part_is_not_tried():
    rehearse("experiment", None)


class Runs:
    """A session that says what it is told to, at any length."""

    def __init__(self, say):
        self.say = say

    def run(self, names, given):
        (x,) = given.values()
        return [self.say(x)]


@pytest.mark.parametrize(
    "say",
    [
        lambda x: np.full((1, x.shape[1], 3), np.nan, np.float32),
        lambda x: np.full((1, x.shape[1], 3), 2.0, np.float32),
        lambda x: np.full((1, 160, 3), 0.5, np.float32),  # of one length alone
        lambda x: np.full((1, x.shape[1], 3), 1, np.int64),
        lambda x: np.full((1, x.shape[1], 3), "0.5"),
        lambda x: 1 // 0,
    ],
    ids=["NaN", "above 1", "one length", "integers", "text", "raises"],
)
def test_what_is_no_probability_is_refused(say):
    network = replace(model_store.network("cuts"), session=Runs(say))
    with pytest.raises(ModelError, match=r"cuts \S+ (does not say|cannot run)"):
        rehearse("cuts", network)
