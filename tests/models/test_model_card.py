import json

import pytest

from segue_models.serving.model_card import Calibration, CardError, ModelCard

CARD = ModelCard(
    name="cuts", version="1", task="cuts", architecture="cut_tcn", layout="song", outputs=("entry", "exit", "lead"),
    feature={"name": "gammatone", "bands": 75}, cells_per_beat=4, context_cells=0, mean=(0.0,) * 75, std=(1.0,) * 75,
    label="é ♪", calibration={"entry": Calibration(0.9, -0.2, ("a real song",))},
    training_data=({"corpus": "evr", "licence": "CC0", "songs": 5},),
)  # fmt: skip


def test_a_card_comes_back_as_it_was():
    assert ModelCard.from_json(CARD.to_json()) == CARD


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1}', json.dumps({**json.loads(CARD.to_json()), "new": 1})]
)
def test_anything_else_is_refused(text):
    with pytest.raises(CardError):
        ModelCard.from_json(text)


def test_another_schema_is_named():
    with pytest.raises(CardError, match="schema 99"):
        ModelCard.from_json(json.dumps({**json.loads(CARD.to_json()), "schema": 99}))


@pytest.mark.parametrize(
    "change",
    [
        {"std": [0.0] * 75}, {"std": [-1.0] * 75}, {"std": [1.0] * 74}, {"std": [1.0] * 74 + [float("nan")]},
        {"mean": [float("inf")] * 75}, {"mean": ["0"] * 75}, {"mean": [None] * 75}, {"mean": [], "std": []},
        {"mean": [[0.0]] * 75}, {"mean": 3},
        {"outputs": []}, {"outputs": ["entry", "entry"]}, {"outputs": [1, 2]},
        {"layout": "album"}, {"layout": "excerpt", "context_cells": 0}, {"context_cells": -1}, {"context_cells": 10**9},
        {"cells_per_beat": 0}, {"cells_per_beat": 4.5}, {"cells_per_beat": True}, {"cells_per_beat": 10**12},
        {"feature": "gammatone"}, {"feature": None}, {"name": 3}, {"version": None},
        {"calibration": {"entry": {"slope": float("nan"), "offset": 0.0, "fitted_on": []}}},
        {"calibration": {"entry": {"slope": "1", "offset": 0.0, "fitted_on": []}}},
        {"calibration": []}, {"threshold": {"entry": float("inf")}}, {"threshold": {"entry": None}}, {"threshold": 3},
    ],
    ids=lambda change: json.dumps(change)[:40],
)  # fmt: skip
def test_a_card_that_would_give_nonsense_is_refused(change):
    with pytest.raises(CardError, match="the model's card"):
        ModelCard.from_json(json.dumps({**json.loads(CARD.to_json()), **change}))


def test_deep_nesting_is_refused():
    with pytest.raises(CardError):
        ModelCard.from_json("[" * 100_000)
