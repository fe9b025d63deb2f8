from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from segue_exporter import held_out
from segue_models.corpora import evr
from segue_models.serving import inference
from segue_models.training import tasks
from segue_models.training.beat_examples import BeatExample

RECIPE = """
name = "r"
task = "downbeats"
architecture = "beat_blstm"
[data]
corpora = []
[network]
features = 314
units = 3
layers = 1
[training]
optimiser = "adamw"
batch = 2
epochs = 1
"""


def song(name, voices):
    rng = np.random.default_rng(len(name))
    features = rng.normal(0, 1, (1500, 314)).astype(np.float16)
    beats = np.arange(20.0, 1500, 50)
    return BeatExample(name, "evr", "CC0", voices, True, features, beats, np.arange(len(beats)) % 4 + 1)


@pytest.mark.long
def test_each_network_heard_neither_the_song_nor_its_singer(tmp_path, monkeypatch):
    songs = [song(name, (name,)) for name in evr.SONGS] + [song(f"{name}-remix", (name,)) for name in evr.SONGS]
    monkeypatch.setattr(evr, "SONGS", evr.SONGS[1:2])  # each is exported in a process of its own: seconds
    monkeypatch.setattr(tasks.find("downbeats"), "load", lambda recipe, where, log: songs)
    heard = {}
    train = held_out.train

    def watched(recipe, training, validation, runs, log):
        heard[recipe.name] = {e.name for e in training}
        return train(recipe, training, validation, runs, log)

    monkeypatch.setattr(held_out, "train", watched)
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE)
    pattern = str(tmp_path / "r-without-{song}.onnx")
    result = CliRunner().invoke(held_out.main, [str(recipe), "-o", pattern, "--runs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    everything = {s.name for s in songs}
    for name in evr.SONGS:
        assert heard[f"r-without-{name}"] == everything - {name, f"{name}-remix"}
        card = inference.load(Path(pattern.replace("{song}", name))).card
        assert card.outputs == ("none", "beat", "downbeat") and card.recipe["data"]["leave_out"] == [name]


def test_a_name_without_a_place_for_the_song_is_refused(tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE)
    result = CliRunner().invoke(held_out.main, [str(recipe), "-o", "one.onnx"])
    assert result.exit_code == 2 and "where the song's name goes" in " ".join(result.output.split())
