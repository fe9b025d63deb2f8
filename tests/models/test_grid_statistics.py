import subprocess
import sys

import pytest

from segue_models.evaluation.grid import statistics
from segue_models.evaluation.grid.effects import Paired
from segue_models.training.grid import configurations
from test_grid_configurations import read
from test_grid_effects import trained
from test_grid_records import record, rows


def lines(text, start):
    return [line.split() for line in text.splitlines() if line.startswith(start)]


@pytest.mark.long
def test_the_papers_tables_with_its_figures_beside_ours(tmp_path):
    told = statistics.report(trained(tmp_path, 1))
    assert told.splitlines()[0].startswith(
        "experiment1: 192 trainings, all songs, at most 100 epochs, batches of 200, seed 1, pop909:1 abc"
    )
    assert "segue grid x -o y" in told
    (gammatone,) = lines(told, "feature gammatone   ")
    assert gammatone[2] == "64" and gammatone[-1] == "0.643" and float(gammatone[5]) == pytest.approx(0.655, abs=0.006)
    (test,) = lines(told, "feature gammatone - handcrafted, both")
    assert test[5] == "64" and test[-5:] == ["+0.056", "as", "in", "the", "paper"]
    (alike,) = lines(told, "window_s 4 - 10, exit")
    assert alike[5] == "48" and "alike" in alike


@pytest.mark.long
def test_part_of_an_experiment_says_how_few_its_pairs_are(tmp_path):
    told = statistics.report(trained(tmp_path, 2, part=20))
    assert "experiment2: 40 trainings" in told
    (row,) = lines(told, "cells_per_beat 2 - 8, entry")
    assert int(row[5]) < 5
    assert "best absolute - best beats, on validation" in told and "(paper: 0.670, 0.678)" in told
    assert "--only window_beats=" in told or "--only window_s=" in told


@pytest.mark.parametrize(
    ("holm", "median", "paper", "says"),
    [
        (0.01, 0.1, "+0.056", "as in the paper"),
        (0.01, -0.1, "+0.056", "against the paper"),
        (0.2, 0.1, "+0.056", "not found here"),
        (0.2, 0.1, "alike", "none found, as in the paper"),
        (0.01, 0.1, "alike", "differs from the paper"),
        (0.01, -0.1, "-", "as in the paper"),
        (0.01, 0.1, "", ""),
        (float("nan"), 0.1, "+0.056", ""),
    ],
)
def test_feedback(holm, median, paper, says):
    assert statistics.verdict(Paired("f", "a", "b", 9, median, 3, holm, holm), paper) == says


def test_scales_are_not_mixed_and_failures_are_counted(tmp_path):
    one, other = configurations.scaled(read(3)[:1], 60, 0, 0), configurations.scaled(read(3)[1:2], 80, 0, 0)
    with pytest.raises(ValueError, match="several scales"):
        statistics.report(rows([record(c) for c in one + other], tmp_path / "a"))
    failed = [record(c, failed="RuntimeError: no memory") for c in read(3)[1:3]]
    told = statistics.report(rows([record(read(3)[0]), *failed], tmp_path / "b"))
    assert "experiment3: 1 trainings" in told and "2 failed: RuntimeError: no memory" in told


def test_ten_folds_beside_the_papers(tmp_path):
    folds = configurations.scaled(configurations.only(read(2), ["role=exit"])[:1], 0, 0, 10)
    told = statistics.report(rows([record(c, test=0.6 + i / 100) for i, c in enumerate(folds)], tmp_path))
    assert (
        told.startswith("10 folds of 10, experiment2 exit")
        and "BCR 0.645 ± 0.030 (paper's best: 0.654 ± 0.011)" in told
    )


@pytest.mark.long
def test_the_command_prints_writes_a_table_and_draws(tmp_path):
    trained(tmp_path / "r", 3)
    command = [sys.executable, "-m", "segue_models.evaluation.grid.statistics"]
    made = ["--csv", tmp_path / "t.csv", "-o", tmp_path / "plots"]
    done = subprocess.run([*command, tmp_path / "r", *made], capture_output=True, text=True, check=True)
    again = subprocess.run([*command, tmp_path / "t.csv"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:-1] == again.stdout.splitlines()
    assert (tmp_path / "plots" / "experiment3.png").stat().st_size > 5000
    wrong = subprocess.run([*command, tmp_path], capture_output=True, text=True)
    assert wrong.returncode == 2 and wrong.stderr.startswith("grid_statistics: there are no records")
