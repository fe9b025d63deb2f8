"""Like with like: the same songs and onsets for all recipes, each song judged once, by networks that never heard it."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from segue_models import recipe as recipes
from segue_models.evaluation import ablation, folds
from segue_models.track import Track
from test_batches import example

RECIPES = Path(folds.__file__).resolve().parents[2] / "recipes"
OURS, ENTRY, EXIT = (RECIPES / "folds" / f"{name}.toml" for name in ("ours", "paper_entry", "paper_exit"))


def track(name, corpus="pop909"):
    return Track(name, corpus, name, "MIT", Path(), np.empty((0, 2)), trainable=corpus == "pop909")


TRACKS = [track(f"pop909-{n:03d}") for n in range(1, 245)]


def names(tracks):
    return sorted(t.name for t in tracks)


def test_what_is_compared_is_the_network_that_ships_and_the_paper_s():
    ours, shipped = recipes.read(OURS), recipes.kinds(recipes.read(RECIPES / "cuts.toml"))[0][0]
    assert (ours.architecture, ours.network, ours.roles) == (shipped.architecture, shipped.network, shipped.roles)
    assert ours.data.cells_per_beat == shipped.data.cells_per_beat
    assert replace(ours.training, epochs=48, patience=48, average=0.99) == shipped.training
    for file in (ENTRY, EXIT):
        theirs, paper = recipes.read(file), recipes.read(RECIPES / file.name)
        assert theirs.network == {**paper.network, "filters": [n // 2 for n in paper.network["filters"]]}
        assert replace(theirs.training, batch=200, epochs=12) == paper.training
        assert theirs.roles == paper.roles


@pytest.mark.long
def test_every_song_is_judged_once_and_heard_by_no_network_that_judges_it():
    drawn = folds.drawn(recipes.read(OURS), TRACKS, 50)
    tested = Counter()
    for fold in range(10):
        training, validation, test = folds.split(recipes.read(OURS), drawn, fold, 10)
        assert names([*training, *validation, *test]) == names(drawn)  # each song is in one of the three
        assert (len(training), len(validation), len(test)) == (35, 10, 5)
        tested.update(names(test))
        theirs = folds.split(recipes.read(EXIT), folds.drawn(recipes.read(EXIT), TRACKS[::-1], 50), fold, 10)
        assert [names(part) for part in theirs] == [names(part) for part in (training, validation, test)]
    assert set(tested.values()) == {1} and sorted(tested) == names(drawn) and len(tested) == 50


def test_recipes_are_judged_at_the_onsets_that_all_of_them_have():
    whole = example(seed=1)
    later = replace(
        whole,
        **{
            key: getattr(whole, key)[3:]
            for key in ("onset_cells", "onset_times", "labels", "known", "near_boundary", "boundary")
        },
    )
    (ours,), (theirs,) = folds.alike([[whole, example(seed=2)], [later]])  # the second song is heard by one alone
    assert np.array_equal(ours.onset_times[ours.near_boundary], theirs.onset_times[theirs.near_boundary])
    assert np.array_equal(ours.onset_times[ours.near_boundary], whole.onset_times[3:][whole.near_boundary[3:]])
    assert not ours.known[:3].any() and ours.known[3:].all()


def judged(monkeypatch, songs, says):
    """A record of songs to train on, to validate and to test, by a network whose log odds are `says(song)`."""

    def train(recipe, training, validation, runs, log):
        assert not {e.name for e in (*training, *validation)} & {e.name for e in songs[2]}
        (runs / recipe.name).mkdir(parents=True, exist_ok=True)
        (runs / recipe.name / "log.jsonl").write_text("{}\n" * 7)
        return runs / recipe.name / "best.pt"

    monkeypatch.setattr(folds, "train", train)
    monkeypatch.setattr(folds, "load", lambda best: (torch.nn.Linear(3, 2), {}))
    monkeypatch.setattr(folds, "logits", lambda best, e: says(e))
    return folds.judged


def test_scores_and_threshold_come_from_the_validation_songs_alone(monkeypatch, tmp_path):
    songs = [[example(seed=1)], [example(seed=2), example(seed=3)], [example(seed=4)]]
    judge = judged(monkeypatch, songs, lambda e: 4 * e.labels + np.random.default_rng(int(e.name[1:])).normal(size=(120, 2)) - 9)  # fmt: skip  # noqa: E501
    record = judge(recipes.read(OURS), songs, tmp_path)
    assert (record["epochs"], record["parameters"]) == (7, 8)
    other = [*songs[:2], [replace(songs[2][0], labels=~songs[2][0].labels, features=songs[2][0].features)]]
    again = judge(recipes.read(OURS), other, tmp_path)
    for mine, theirs in zip(record["rows"], again["rows"], strict=True):
        assert mine["threshold"] == theirs["threshold"] and mine["labels"] != theirs["labels"]
    entry = record["rows"][0]
    near = songs[2][0].near_boundary
    assert (entry["role"], entry["labels"]) == ("entry", songs[2][0].labels[near, 0].tolist())
    # Log odds were 9 too low and hid every cut: the validation songs tell.
    decided = np.array(entry["scores"]) >= entry["threshold"]
    assert balanced_accuracy_score(entry["labels"], decided) > 0.9


def record(fold, corpus="pop909", count=2, seconds=1.5):
    rng = np.random.default_rng(fold)
    rows = [
        {
            "role": role, "corpus": corpus, "song": f"{fold}-{n}", "threshold": 0.4,
            "labels": [True, *(rng.random(30) < 0.4).tolist()], "scores": rng.random(31).tolist(),
        }
        for role in ("entry", "exit") for n in range(count)
    ]  # fmt: skip
    return {"rows": rows, "epochs": 3, "parameters": 9, "seconds": seconds}


def test_figures_are_those_of_scikit_learn_by_fold_pooled_and_by_real_song():
    records = [record(f) for f in range(4)]
    real = record(9, "ultrastar", 3)
    real["rows"] += record(10, "jamendo")["rows"]
    found = {(r.role, r.set): r for r in folds.results("ours", records, real)}
    assert len(found) == 2 * (4 + 1 + 2)

    def own(rows):
        y, p = (np.concatenate([row[key] for row in rows]) for key in ("labels", "scores"))
        return roc_auc_score(y, p), balanced_accuracy_score(y, p >= 0.4)

    exits = [[row for row in r["rows"] if row["role"] == "exit"] for r in records]
    for fold, rows in enumerate(exits):
        assert (found["exit", f"fold {fold}"].auc, found["exit", f"fold {fold}"].bcr) == pytest.approx(own(rows), abs=1e-4)  # fmt: skip  # noqa: E501
    pooled = found["exit", folds.POOLED]
    assert (pooled.auc, pooled.bcr) == pytest.approx(own([row for rows in exits for row in rows]), abs=1e-4)
    assert (pooled.songs, pooled.onsets, pooled.seconds, pooled.epochs) == (8, 8 * 31, 6.0, 12)
    songs = [own([row]) for row in real["rows"] if (row["role"], row["corpus"]) == ("exit", "ultrastar")]
    assert (found["exit", "ultrastar"].auc, found["exit", "ultrastar"].bcr) == pytest.approx(np.mean(songs, axis=0), abs=1e-3)  # fmt: skip  # noqa: E501
    mean = np.mean([own(rows)[0] for rows in exits])
    line = next(line for line in folds.table(list(found.values())).splitlines() if line.startswith("ours exit"))
    assert f"{mean:.3f} (" in line and f"{pooled.auc:.3f} / {pooled.bcr:.3f}" in line


@pytest.fixture
def heard(monkeypatch):
    """Songs in place of the corpora: no rendering, no listening."""
    tracks = {"pop909": TRACKS, "ultrastar": [track("u", "ultrastar")], "jamendo": [track("j", "jamendo")]}
    monkeypatch.setattr(folds.songs, "tracks", lambda corpora, where, log: [t for c in corpora for t in tracks[c]])

    def prepare(chosen, data, where):
        return [replace(example(), name=t.name, corpus=t.corpus) for t in chosen]

    monkeypatch.setattr(folds, "prepare", prepare)


def run(tmp_path, *more):
    files = [str(OURS), str(EXIT), "-o", str(tmp_path / "out" / "a.csv"), "--runs", str(tmp_path / "runs")]
    return CliRunner().invoke(folds.main, [*files, "--songs", "20", "--folds", "5", *more])


@pytest.mark.long
def test_a_stopped_run_goes_on_and_trains_nothing_twice(monkeypatch, tmp_path, heard):
    trained = []

    def judge(recipe, chosen, runs):
        if len(trained) == 4:
            trained.append("stopped")
            raise KeyboardInterrupt
        trained.append(recipe.name)
        runs.mkdir(parents=True, exist_ok=True)
        told = record(len(trained))
        told["rows"] = [row for row in told["rows"] if row["role"] in recipe.roles]
        if {e.corpus for e in chosen[2]} == {"ultrastar", "jamendo"}:
            assert len(chosen[0]) + len(chosen[1]) == 20
            for row, corpus in zip(told["rows"], ["ultrastar", "jamendo"] * 2, strict=False):
                row["corpus"] = corpus
        else:
            assert len({e.name for part in chosen for e in part}) == sum(map(len, chosen)) == 20
        return told

    monkeypatch.setattr(folds, "judged", judge)
    assert run(tmp_path, "--real").exit_code == 1
    assert not (tmp_path / "out").exists()
    done = run(tmp_path, "--real")
    assert done.exit_code == 0, done.output
    assert len(trained) == 12 + 1 and len(set(trained)) == 13  # two recipes, five folds and the real songs; one stop
    assert "12/12: paper_exit, real songs" in done.output
    head, *lines = (tmp_path / "out" / "a.csv").read_text().splitlines()
    assert head.startswith("# python -m segue_models.evaluation.folds") and "seed 1; 18 s of one core" in head
    rows = list(csv.DictReader(lines))
    sets = [*(f"fold {n}" for n in range(5)), folds.POOLED, "ultrastar", "jamendo"]
    assert [(r["recipe"], r["role"], r["set"]) for r in rows] == [
        (recipe, role, s)
        for recipe, role in (("ours", "entry"), ("ours", "exit"), ("paper_exit", "exit"))
        for s in sets
    ]


def test_recipes_of_other_songs_are_not_compared(tmp_path, heard):
    other = tmp_path / "other.toml"
    other.write_text(EXIT.read_text().replace("seed = 1", "seed = 2"))
    told = CliRunner().invoke(folds.main, [str(OURS), str(other), "-o", str(tmp_path / "a.csv")])
    assert told.exit_code == 1 and "would not hear the same songs" in told.output


def test_the_songs_are_those_of_the_ablation(monkeypatch, heard):
    monkeypatch.setattr(ablation.songs, "tracks", folds.songs.tracks)
    monkeypatch.setattr(ablation, "prepare", folds.prepare)
    recipe = recipes.read(EXIT)
    assert names(t for part in ablation._examples(recipe, 50) for t in part) == names(folds.drawn(recipe, TRACKS, 50))
