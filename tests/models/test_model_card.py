import json

import pytest

from segue_models.model_card import Calibration, CardError, ModelCard

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
