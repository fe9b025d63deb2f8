import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from segue_models import recipe as recipes
from segue_models.corpora import pop909
from segue_models.evaluation import boundary_inputs as inputs
from segue_models.features import mel
from segue_models.training.boundary_examples import BoundaryExample
from segue_models.training.train import train

PAD = mel.PADDING_ROWS
RECIPE = """
name = "tiny"
task = "boundaries"
architecture = "boundary_cnn"
[data]
corpora = ["pop909"]
[network]
context_cells = 61
filters = [4, 8]
hidden = 16
dropout = 0.0
[training]
optimiser = "adamw"
learning_rate = 2e-3
batch = 32
epochs = 3
"""


def song(number, seed):
    """70 s with a crash at the start of every phrase but the first, and at no other place."""
    rng = np.random.default_rng(seed)
    rows = 500
    opens = np.array([130, 260, 390]) + rng.integers(-30, 30, 3)
    x = rng.normal(-6, 0.3, (rows + 2 * PAD, mel.BANDS))
    for row in opens + PAD:
        x[row : row + 6] += np.linspace(5, 0, 6)[:, None]
    phrases = np.array([0.5, *mel.row_times(rows)[opens]])
    return BoundaryExample(f"pop909-{number}", "pop909", "MIT", (), True, x.astype(np.float16), phrases, phrases)


SONGS = {
    "train": [song(n, n) for n in range(6)], "validation": [song(7, 7)], "test": [song(8, 8), song(9, 9)],
}  # fmt: skip


def test_songs_are_drawn_of_the_parts_they_are_in():
    numbers = [f"{n:03d}" for n in range(1, 910)]
    some = inputs.drawn(numbers, (5, 3, 4), 1)
    assert [pop909.split(song) for song in some] == ["train"] * 5 + ["validation"] * 3 + ["test"] * 4
    more = inputs.drawn(numbers, (9, 3, 4), 1)
    assert set(some) < set(more) and len(set(more)) == 16
    assert some != inputs.drawn(numbers, (5, 3, 4), 2)
    assert len(inputs.drawn(numbers[:20], (99, 99, 99), 1)) == 20


def test_the_interval_is_about_that_of_the_normal_distribution():
    x = np.random.default_rng(3).normal(0.5, 0.2, 40)
    low, high = inputs.interval(x)
    error = x.std(ddof=1) / np.sqrt(40)
    assert (low, high) == pytest.approx((x.mean() - 1.96 * error, x.mean() + 1.96 * error), abs=0.15 * error)
    assert inputs.interval(np.zeros(5)) == (0.0, 0.0)


def test_the_first_phrase_is_no_boundary_and_both_ends_are(monkeypatch):
    monkeypatch.setattr(inputs, "curve", lambda checkpoint, example: np.zeros(example.rows))
    edges, _ = inputs.marked(None, SONGS["test"][0])
    assert len(edges) == 5 and edges[0] == 0.0 and edges[-1] == pytest.approx(500 / mel.ROW_FPS)


@pytest.mark.long
def test_a_network_is_trained_judged_and_kept(tmp_path, monkeypatch):
    (tmp_path / "tiny.toml").write_text(RECIPE)
    monkeypatch.setattr(inputs, "_heard", lambda recipe, counts: (SONGS, 0.25))
    file, out = str(tmp_path / "tiny.toml"), tmp_path / "results" / "b.csv"
    arguments = [file, file, "-o", str(out), "--songs", "6", "1", "2", "--batches", "60", "--runs", str(tmp_path)]
    done = CliRunner().invoke(inputs.main, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    head, *lines = out.read_text().splitlines()
    assert head.startswith("# python -m segue_models.evaluation.boundary_inputs") and "; seed 1; " in head
    rows = list(csv.DictReader(lines))
    assert [row["tolerance_s"] for row in rows] == ["0.5", "3.0"] * 2
    assert all(float(row["f"]) > 0.8 and float(row["low"]) <= float(row["f"]) <= float(row["high"]) for row in rows)
    assert {(row["train"], row["validation"], row["test"], row["updates"]) for row in rows} == {("6", "1", "2", "180")}
    # The same network again, which gains nothing over itself.
    assert {row["gain"] for row in rows} == {"0.0"} and rows[0]["f"] == rows[2]["f"]


def test_a_curve_is_what_the_network_says_around_each_row(tmp_path):
    recipe = recipes.from_dict({
        "name": "t", "task": "boundaries", "architecture": "boundary_cnn", "data": {"corpora": ["pop909"]},
        "network": {"context_cells": 61, "filters": [2, 2], "hidden": 4},
        "training": {"optimiser": "adamw", "batch": 16, "epochs": 1, "epoch_batches": 1},
    })  # fmt: skip
    example = replace(SONGS["test"][0], features=SONGS["test"][0].features[: 2 * PAD + 300])
    best = train(recipe, [example], [example], tmp_path, lambda line: None)
    found = inputs.curve(best, example)
    assert found.shape == (300,)
    network, state = inputs.load(best)
    x = (example.features[PAD + 40 - 30 : PAD + 40 + 31].astype(np.float32) - state["mean"]) / state["std"]
    with torch.no_grad():
        assert found[40] == pytest.approx(torch.sigmoid(network(torch.from_numpy(x)[None])).item(), abs=1e-5)
