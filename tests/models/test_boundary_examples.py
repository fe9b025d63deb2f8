from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_models import recipe as recipes
from segue_models.features import mel
from segue_models.paths import Paths
from segue_models.track import Track
from segue_models.training import boundary_examples as examples
from segue_models.training import tasks

PAD = mel.PADDING_ROWS


@pytest.fixture
def song():
    rows = 200
    features = np.repeat(np.arange(rows + 2 * PAD, dtype=np.float16)[:, None], mel.BANDS, axis=1)
    phrases = mel.row_times(rows)[[3, 60, 120]]
    return examples.BoundaryExample("s", "pop909", "MIT", (), True, features, phrases, phrases[[0, 2]])


def recipe(task="boundaries", batch=32):
    return recipes.from_dict(
        {
            "name": "b", "task": task, "architecture": "boundary_cnn", "data": {"corpora": []},
            "network": {"context_cells": 115}, "training": {"batch": batch},
        }
    )  # fmt: skip


def test_smearing_of_the_specification():
    times = mel.row_times(100)
    y, w = examples.smeared(times[[50]], 100, 1.5)
    assert np.flatnonzero(y).tolist() == list(range(40, 61))  # 1.5 s are 10 rows
    assert w[[50, 51, 55, 60]] == pytest.approx([1, 0.9802, 0.60653, 0.13534], abs=1e-4)
    assert w[40:61].sum() == pytest.approx(12.0892, abs=1e-3)
    assert (w[:40] == 1).all()


def test_between_two_near_boundaries_the_nearer_one_counts():
    y, w = examples.smeared(mel.row_times(100)[[50, 56]], 100, 1.5)
    assert (y[40:67] == 1).all()
    assert w[[50, 53, 56]] == pytest.approx([1, np.exp(-2 * 0.09), 1])


def test_a_section_is_a_run_of_one_letter():
    track = Track(
        "s", "pop909", "s", "MIT", Path(), np.empty((0, 2)), sections=np.arange(8.0), section_labels=tuple("bAABBbxA")
    )
    assert examples.coarse(track).tolist() == [0, 1, 3, 5, 6, 7]
    assert examples.coarse(replace(track, section_labels=())).tolist() == list(range(8))


def test_batches_draw_positives_oftener_and_centre_them(song):
    norm = np.zeros(mel.BANDS, np.float32), np.ones(mel.BANDS, np.float32)
    task = tasks.find("boundaries")
    batches = list(task.batches(recipe(), [song], norm, np.random.default_rng(0), True))
    y = np.concatenate([b[1] for b in batches])
    positive = examples.smeared(song.phrases, song.rows)[0].sum()
    assert y.shape == (200 + 4 * positive, 1) and y.sum() == 5 * positive
    x = np.concatenate([b[0] for b in task.batches(recipe(), [song], norm, np.random.default_rng(0), False)])
    assert x[:, 57, 0].tolist() == [PAD + row for row in range(0, 200, 4)]
    assert x[0, :, 0].tolist() == list(range(115))


def test_two_levels_have_two_targets(song):
    norm = np.zeros(mel.BANDS, np.float32), np.ones(mel.BANDS, np.float32)
    task, rng = tasks.find("boundaries_sslm"), np.random.default_rng(0)
    batches = list(task.batches(recipe("boundaries_sslm", 50), [song], norm, rng, False))
    assert len(batches) == 1
    y = batches[0][1]
    assert y[15].tolist() == [0, 1] and y[30].tolist() == [1, 1] and y[45].tolist() == [0, 0]


def test_a_faster_excerpt_reaches_farther_about_the_same_middle(song):
    x = examples.excerpt(song.features, 150, 115, 1.1)[:, 0]
    assert x[57] == 150 and x[0] == 150 - 63 and x[-1] == 150 + 63
    assert examples.excerpt(song.features, 10, 115, 1.0)[0, 0] == 0  # nothing before the first row


def test_variation_leaves_lags_and_the_song_as_they_are():
    rows = np.random.default_rng(0).normal(-5, 1, (115, 180)).astype(np.float32)
    before = rows.copy()
    other = examples.varied(rows, np.random.default_rng(1))
    assert np.array_equal(other[:, 80:], rows[:, 80:]) and not np.allclose(other[:, :80], rows[:, :80])
    assert np.array_equal(rows, before) and other.min() >= np.float32(np.log(mel.FLOOR))


def test_all_spectra_are_varied_alike():
    rows = np.random.default_rng(0).normal(-5, 1, (115, 340)).astype(np.float32)
    rows[:, 80:160] = rows[:, :80]
    other = examples.varied(rows, np.random.default_rng(1), 3)
    assert np.array_equal(other[:, :80], other[:, 80:160])
    assert np.array_equal(other[:, :80], examples.varied(rows, np.random.default_rng(1))[:, :80])
    assert not np.allclose(other[:, 160:240], rows[:, 160:240]) and np.array_equal(other[:, 240:], rows[:, 240:])


def test_the_task_with_parts_varies_three_spectra(song):
    wide = replace(song, features=np.zeros((len(song.features), 340), np.float16))
    norm = np.zeros(340, np.float32), np.ones(340, np.float32)
    task, rng = tasks.find("boundaries_hpss"), np.random.default_rng(0)
    x, y, _ = next(task.batches(recipe("boundaries_hpss"), [wide], norm, rng, True))
    assert x.shape == (32, 115, 340) and y.shape == (32, 2)
    assert (x[:, :, :240].std(axis=(0, 1)) > 0.1).all() and not x[:, :, 240:].any()


def test_features_are_kept(tmp_path, sine):
    soundfile.write(tmp_path / "a.wav", sine(440.0, seconds=6.0), 44100)
    track = Track("a", "pop909", "a", "MIT", tmp_path / "a.wav", np.empty((0, 2)), sections=np.array([0.5]))
    where, said = Paths(tmp_path, tmp_path / "cache", 1), []
    for _ in range(2):
        (e,) = examples.prepare([track], mel.extract, mel.PARAMETERS, where, said.append)
        # 6 s are 43 rows, and one or two where silence fills the first.
        assert e.features.shape == (e.rows + 2 * PAD, 80) and 44 <= e.rows <= 45
    assert len(list((tmp_path / "cache" / "mel").iterdir())) == 1
    unmarked = replace(track, sections=np.empty(0))
    assert not examples.prepare([unmarked], mel.extract, mel.PARAMETERS, where, said.append)
