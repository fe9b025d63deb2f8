import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from segue_models import recipe as recipes
from segue_models.evaluation import ablation
from segue_models.signal import gammatone
from segue_models.training.batches import normalisation
from test_batches import example

RECIPE = """
name = "tiny"
architecture = "cut_cnn_2d"
roles = ["exit"]
[data]
corpora = ["pop909"]
[network]
context_cells = 8
filters = [4, 4, 4]
hidden = 16
dropout = 0.0
[training]
optimiser = "adamw"
learning_rate = 6e-3
batch = 25
epochs = 6
"""


@pytest.fixture
def tiny(tmp_path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


def songs(seeds):
    """Songs whose exits are heard in the bands 30 to 44 and nowhere else."""
    out = []
    for seed in seeds:
        e = example(700, seed)
        exits = e.onset_cells[e.labels[:, 1]]
        e.features[exits, 30:45] = 2.0
        out.append(e)
    return out


HEARD = (songs(range(4)), songs(range(4, 5)), songs(range(5, 8)))


def test_the_ranges_of_the_specification():
    assert len(ablation.RANGES) == len(set(ablation.RANGES)) == 18
    assert {(0, 75), (15, 30), (30, 75), (0, 25), (25, 50), (50, 75)} <= set(ablation.RANGES)
    assert all(0 <= lo < hi <= gammatone.BANDS for lo, hi in ablation.RANGES)


def test_a_masked_band_is_its_mean_and_the_others_stay():
    mean, std = normalisation(HEARD[0])
    masked_mean, masked_std = ablation.masked((mean, std), (30, 45))
    x = HEARD[0][0].features.astype(np.float32)
    whole, seen = (x - mean) / std, (x - masked_mean) / masked_std
    assert np.array_equal(seen[:, 30:45], whole[:, 30:45])
    assert not seen[:, :30].any() and not seen[:, 45:].any()


@pytest.mark.long
@pytest.mark.parametrize("judge", [ablation.retrained, ablation.hidden])
def test_only_the_bands_that_carry_the_exits_tell_them(judge, tiny, tmp_path):
    recipe = recipes.read(tiny)
    found = {r: judge(recipe, HEARD, r, tmp_path)["auc"] for r in ((30, 45), (45, 75))}
    assert found[30, 45] > 0.9
    assert abs(found[45, 75] - 0.5) < 0.12


def run(tiny, tmp_path, *more):
    return CliRunner().invoke(
        ablation.main, [str(tiny), "-o", str(tmp_path / "out" / "a.csv"), "--runs", str(tmp_path / "runs"), *more]
    )


def test_a_stopped_run_goes_on_and_writes_one_table(tiny, tmp_path, monkeypatch):
    judged = []

    def judge(recipe, heard, band_range, runs):
        if len(judged) == 5:
            judged.append("stopped")
            raise KeyboardInterrupt
        judged.append(band_range)
        runs.mkdir(parents=True, exist_ok=True)
        return {"bcr": 0.5 + band_range[0] / 1000, "auc": 0.7, "onsets": 10, "positives": 0.25, "songs": 3}

    monkeypatch.setattr(ablation, "_examples", lambda recipe, count: HEARD)
    monkeypatch.setattr(ablation, "hidden", judge)
    assert run(tiny, tmp_path, "--mask", "--songs", "11").exit_code == 1
    assert not (tmp_path / "out").exists()
    done = run(tiny, tmp_path, "--mask", "--songs", "11")
    assert done.exit_code == 0, done.output
    assert judged == [*ablation.RANGES[:5], "stopped", *ablation.RANGES[5:]]  # none twice
    head, *lines = (tmp_path / "out" / "a.csv").read_text().splitlines()
    assert head.startswith("# python -m segue_models.evaluation.ablation") and "seeds from 1; " in head
    rows = list(csv.DictReader(lines))
    assert [(int(r["lo"]), int(r["hi"])) for r in rows] == list(ablation.RANGES)
    whole = next(r for r in rows if r["lo"] == "0" and r["hi"] == "75")
    assert (whole["lowest_hz"], whole["highest_hz"], whole["mode"], whole["role"]) == ("60", "15800", "mask", "exit")
    assert {row["seed"] for row in rows} == {"1"}
    assert "11/18" in done.output and "min left" in done.output


def test_another_recipe_has_records_of_its_own(tiny, tmp_path, monkeypatch):
    figures = {"bcr": 0.5, "auc": 0.5, "onsets": 10, "positives": 0.25, "songs": 3}
    asked = []

    def judge(recipe, heard, band_range, runs):
        asked.append(recipe.training.epochs)
        runs.mkdir(parents=True, exist_ok=True)
        return figures

    monkeypatch.setattr(ablation, "_examples", lambda recipe, count: HEARD)
    monkeypatch.setattr(ablation, "retrained", judge)
    assert run(tiny, tmp_path).exit_code == run(tiny, tmp_path, "--epochs", "1").exit_code == 0
    assert asked == [6] * 18 + [1] * 18
    assert run(tiny, tmp_path, "--epochs", "1", "--seeds", "2").exit_code == 0
    assert len(asked) == 18 * 3  # of the two seeds one was there


def test_a_network_without_bands_to_leave_out_is_told():
    recipe = recipes.read(Path(__file__).parents[2] / "models" / "recipes" / "cuts.toml")
    with pytest.raises(ValueError, match="cuts is no network of cuts that hears excerpts"):
        ablation.checked(recipe)
    paper = recipes.read(Path(__file__).parents[2] / "models" / "recipes" / "paper_exit.toml")
    assert ablation.checked(paper) == paper
    with pytest.raises(ValueError, match="gammatone"):
        ablation.checked(dataclasses.replace(paper, data=dataclasses.replace(paper.data, feature="cqt")))
