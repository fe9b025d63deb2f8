from dataclasses import replace

import numpy as np
import pytest

from segue_exporter.export import export
from segue_models import recipe as recipes
from segue_models.cuts import foreground, scoring
from segue_models.evaluation import leave_one_out
from segue_models.serving import inference
from segue_models.training.train import load, train
from test_batches import example
from test_train import tiny

CORPUS = [
    *(replace(example(520, i), corpus="evr", name=name, voices=(name,)) for i, name in enumerate("abc")),
    *(replace(example(520, i), corpus="evr_remix", name=f"{v}-remix", voices=(v,)) for i, v in enumerate("abc", 3)),
    *(replace(example(520, i), name=f"pop909-{i:03d}") for i in (1, 2, 3, 5, 6, 9, 10, 13, 15, 16)),
]


def song(name):
    return next(e for e in CORPUS if e.name == name)


def test_a_song_is_scored_by_a_network_that_heard_neither_it_nor_its_singer(monkeypatch, tmp_path):
    heard = {}

    def watched(recipe, songs, validation, runs, log):
        heard[recipe.name] = [e.name for e in songs]
        return train(recipe, songs, list(songs), runs, log)

    monkeypatch.setattr(leave_one_out, "train", watched)
    members = recipes.seeded(tiny(1), 2)
    out = leave_one_out.held_out(members, CORPUS, ["a", "b"], tmp_path, lambda line: None)
    assert len(heard) == 4
    for left_out, kept in (("a", ["b", "b-remix", "c", "c-remix"]), ("b", ["a", "a-remix", "c", "c-remix"])):
        folds = [names for fold, names in heard.items() if fold.endswith(f"-without-{left_out}")]
        assert [sorted(n for n in names if n[0] in "abc") for names in folds] == [kept, kept]
    for name in "ab":
        folds = [leave_one_out.logits(tmp_path / fold / "best.pt", song(name)) for fold in heard if fold.endswith(name)]
        assert not np.allclose(*folds) and np.allclose(out[name](song(name)), np.mean(folds, axis=0))
    assert out["a"](song("b")).shape == (120, 3) and set(out) == {"a", "b"}


@pytest.mark.long
@pytest.mark.parametrize("with_foreground", [False, True])
def test_log_odds_of_a_checkpoint_are_those_of_the_exported_model(tmp_path, with_foreground):
    recipe, corpus = tiny(1), CORPUS
    if with_foreground:
        recipe = replace(
            recipe,
            data=replace(recipe.data, foreground=True),
            network={**recipe.network, "foreground": True},
        )
        corpus = [replace(e, foreground=foreground.foreground(e.features, 4).astype(np.float16)) for e in CORPUS]
    best = train(recipe, corpus, corpus, tmp_path, lambda line: None)
    network, state = load(best)
    export(network, state, tmp_path / "m.onnx", version="1")
    served = inference.load(tmp_path / "m.onnx")
    assert len(served.card.mean) == (150 if with_foreground else 75)
    heard = next(e for e in corpus if e.name == "a")
    expected = scoring.log_odds(served, heard.features.astype(np.float32), heard.onset_cells)
    assert leave_one_out.logits(best, heard) == pytest.approx(expected, abs=1e-3)
