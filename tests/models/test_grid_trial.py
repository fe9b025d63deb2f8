from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from segue_models.track import Track
from segue_models.training import batches
from segue_models.training.grid import configurations, trial
from test_batches import example
from test_grid_configurations import read


def track(n, artist=None):
    name = f"pop909-{n:03d}"
    return Track(name, "pop909", artist or name, "MIT", Path(), np.empty((0, 2)), trainable=True)


def sizes(chosen):
    return [len(part) for part in chosen]


@pytest.mark.long
def test_songs_are_split_by_their_corpus_and_a_limit_keeps_the_papers_shares():
    tracks, whole = [track(n) for n in range(1, 200)], read(3)[0]
    parts = trial.parts(whole, tracks)
    assert sum(sizes(parts)) == len({t.name for part in parts for t in part}) == 199
    limited = trial.parts(replace(whole, songs=40), tracks)
    assert sizes(limited) == [24, 8, 8]
    for some, part in zip(limited, parts, strict=True):
        assert {t.name for t in some} <= {t.name for t in part}
    # All configurations of a run hear the same songs, in whichever order the corpus lists them.
    again = trial.parts(replace(read(2)[100], songs=40), tracks[::-1])
    assert [[t.name for t in part] for part in again] == [[t.name for t in part] for part in limited]
    with pytest.raises(ValueError, match="no songs are left"):
        trial.parts(whole, tracks[:1])


def test_ten_folds_test_every_song_once_and_keep_artists_together():
    tracks = [track(n, f"artist {n % 25}") for n in range(1, 101)]
    tested = Counter()
    for configuration in configurations.scaled(read(3)[:1], 0, 0, 10):
        parts = trial.parts(configuration, tracks)
        artists = [{t.artist for t in part} for part in parts]
        assert not (artists[0] & artists[1] or artists[0] & artists[2] or artists[1] & artists[2])
        assert sum(sizes(parts)) == 100 and 8 <= len(parts[1]) <= 12  # a tenth of the rest, by whole artists
        tested.update(t.name for t in parts[2])
    assert len(tested) == 100 and set(tested.values()) == {1}


class Loud(torch.nn.Module):
    """Thinks that loud excerpts are cuts."""

    def forward(self, x):
        return x.mean(dim=(1, 2))[:, None]


def test_figures_are_those_of_scikit_learn_over_the_onsets_of_all_songs():
    recipe = read(2)[-1].recipe
    songs = [example(seed=s) for s in range(3)]
    norm = batches.normalisation(songs)
    found = trial.judged(Loud(), recipe, songs, norm)
    parts = list(batches.excerpt_batches(songs, "exit", 12, norm, 999, np.random.default_rng(0)))
    x, y = parts[0][0], parts[0][1][:, 0]
    odds = x.mean(axis=(1, 2))
    assert found["bcr"] == pytest.approx(balanced_accuracy_score(y, odds > 0))
    assert found["auc"] == pytest.approx(roc_auc_score(y, odds))
    assert found["onsets"] == len(y) and found["positives"] == pytest.approx(y.mean()) and found["songs"] == 3


@pytest.fixture
def heard(monkeypatch):
    """Puts songs that can be learnt in place of the corpus: loud where an exit is."""
    made = {}
    for n in range(1, 60):
        e = replace(example(seed=n), name=f"pop909-{n:03d}", artist=f"{n}")
        e.features[e.onset_cells[e.labels[:, 1]]] += 4
        made["pop909", e.name] = e
    monkeypatch.setattr(trial, "_tracks", lambda corpora: [track(n) for n in range(1, 60)])
    monkeypatch.setattr(trial, "_prepared", lambda data, names: {name: made[name] for name in names})


def small():
    wanted = ["feature=gammatone", "window_s=4", "pooled=1", "filters=32-64-128", "shape=2", "pool=2", "role=exit"]
    return configurations.scaled(configurations.only(read(1), wanted), 20, 4, 0)[0]


@pytest.mark.long
def test_the_outcome_of_a_real_training(heard):
    found = trial.outcome(small())
    assert found["parameters"] == 1_075_706
    assert found["epochs"] == 4 and found["seconds"] > 0
    assert found["test"]["songs"] == 4 and found["validation"]["songs"] == 4
    assert found["test"]["auc"] > 0.7
    assert found["data"]["versions"] == {"pop909": 1}


def test_the_hash_of_the_data_changes_with_its_truth():
    a, b = example(seed=1), replace(example(seed=1), phrases=np.array([[1.0, 2.0]]))
    assert trial.data_of([a]) == trial.data_of([a])
    assert trial.data_of([a])["hash"] != trial.data_of([b])["hash"]


def test_the_work_of_a_network_is_counted():
    wanted = ["window_beats=6", "cells_per_beat=2", "filters=32-64-128", "shape=3-3", "pool=2-2", "role=exit"]
    least = trial.work(configurations.only(read(2), wanted)[0].recipe)
    # 2D-CNN of 12 x 75: three "same" convolutions on maps halved twice, and the dense layers; two operations each.
    maps = 12 * 75 * 9 * 32 + 6 * 37 * 9 * 32 * 64 + 3 * 18 * 9 * 64 * 128 + 128 * 3 * 18 * 200 + 200 * 2
    assert least == 2 * maps
