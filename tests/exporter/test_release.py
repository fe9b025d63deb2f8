"""What the release measures and calibrates, on songs made up so that the answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import click
import numpy as np
import pytest
from torch import nn

from segue_exporter import release
from segue_models import recipe as recipes
from segue_models.corpora import pop909
from segue_models.serving.model_card import Calibration
from segue_models.training.examples import ROLES, Example

TEST = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "test")
VALIDATION = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "validation")
TRAIN = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "train")


def song(corpus: str, name: str, onsets: int = 40) -> Example:
    labels = np.random.default_rng(3).random((onsets, 2)) < 0.4
    return Example(
        name=name, corpus=corpus, artist="a", licence="CC0", voices=(), trainable=True,
        features=np.zeros((onsets, 75), np.float16), foreground=np.zeros((onsets, 0), np.float16),
        onset_cells=np.arange(onsets), onset_times=np.arange(onsets) * 2.0,
        labels=labels, known=np.ones(onsets, bool), near_boundary=np.ones(onsets, bool),
        boundary=np.zeros(onsets, np.int64),
        on_downbeat=np.arange(onsets) % 4 == 0, opens_bar=np.arange(onsets) % 4 == 0, phrases=np.array([[0.0, 9.0]]),
        dense=np.zeros((onsets, 3), bool), dense_known=np.ones(onsets, bool),
    )  # fmt: skip


def knowing(e: Example) -> dict[str, np.ndarray]:
    return {role: e.labels[:, i].astype(float) for i, role in enumerate(ROLES)}


def wrong(e: Example) -> dict[str, np.ndarray]:
    return {role: 1 - scores for role, scores in knowing(e).items()}


def test_each_table_has_its_own_songs_and_the_network_that_did_not_hear_them():
    songs = [song("pop909", TEST), song("pop909", TRAIN), song("evr", "1_hydrogen"), song("ultrastar", "u")]
    songs += [song("jamendo", "j"), song("evr_remix", "1_hydrogen-remix0")]
    card = SimpleNamespace(threshold={}, calibration={role: Calibration() for role in ROLES})
    left_out = {"1_hydrogen": ({}, dict.fromkeys(ROLES, 0.5))}
    tables = release.measure(card, songs, lambda e: (wrong if e.name in left_out else knowing)(e), left_out)
    assert [name.split(",")[0] for name in tables] == [
        "rendered songs not trained on", "rendered songs not trained on", "evr_cc0_stems",
        "the same with onsets in vocal beds", "ultrastar", "jamendo", "ultrastar",
    ]  # fmt: skip
    together = tables.pop("ultrastar, jamendo and evr_cc0_stems together")
    assert [(f.songs, round(f.auc, 3)) for f in together] == [(3, 0.667)] * 2
    for name, rows in tables.items():
        assert [f.role for f in rows] == ["entry", "exit"]
        assert all(f.songs == 1 for f in rows)
        # the networks of leave-one-song-out judge the CC0 songs, the final one all others
        assert all(f.auc == (0.0 if name.startswith(("evr", "the same")) else 1.0) for f in rows)


AWAY = ("1_hydrogen", "4_potassium")


def made_up() -> dict[str, tuple[Example, np.ndarray]]:
    """For recordings to calibrate on, and a render, labels drawn from log odds that boast (entry) or are shy (exit)."""
    rng = np.random.default_rng(0)
    out = {}
    for name in (*release.CALIBRATION, *AWAY, VALIDATION):
        logits = rng.normal(0, 2, (3000, 2))
        truth = np.stack([0.5 * logits[:, 0] - 1.0, 1.5 * logits[:, 1] + 0.5], axis=1)
        labels = rng.random((3000, 2)) < 1 / (1 + np.exp(-truth))
        corpus = "evr" if name in AWAY else "pop909" if name == VALIDATION else "ultrastar"
        out[name] = replace(song(corpus, name, 3000), labels=labels), logits
    return out


def says(known):
    return lambda e: known[e.name][1]  # KeyError for a song that nothing must be asked of


def test_it_is_calibrated_on_recordings_that_were_not_heard():
    known = made_up()
    others = [song("ultrastar", "another"), song("pop909", TEST), song("pop909", TRAIN)]
    away = [known[name] for name in AWAY]
    render = known[VALIDATION]
    turned = replace(render[0], labels=~render[0].labels)  # has no say
    examples = [*others, turned, *(known[name][0] for name in release.CALIBRATION)]
    calibration, _ = release._fit(ROLES, says(known), examples, away)
    assert (calibration["entry"].slope, calibration["entry"].offset) == pytest.approx((0.5, -1.0), abs=0.15)
    assert (calibration["exit"].slope, calibration["exit"].offset) == pytest.approx((1.5, 0.5), abs=0.2)
    assert calibration["exit"].fitted_on == (*release.CALIBRATION, *AWAY)
    with pytest.raises(click.ClickException, match="not all there"):
        release._fit(ROLES, says(known), others, away)


def lively(corpus: str, name: str, spread: float, voices: tuple[str, ...] = ()) -> Example:
    rng = np.random.default_rng(len(name))
    features = rng.normal(0, spread, (400, 75)).astype(np.float16)
    return replace(song(corpus, name), features=features, foreground=features[:, :0], voices=voices)


def test_a_song_left_out_is_mixed_by_what_its_music_is_without_it():
    recipe = recipes.from_dict({
        "name": "m", "architecture": "cut_tcn", "roles": list(ROLES), "data": {"corpora": ["evr", "speakers"]},
        "members": [{}, {}], "music": ["evr"],
    })  # fmt: skip
    ours = [lively("speakers", f"s{i}", 1.0 + 0.01 * i) for i in range(6)]
    ours += [lively("evr", f"e{i}", 2.0 + 0.01 * i, ("v",)) for i in range(5)]
    a, b = (lambda e: np.zeros((3, 2))), (lambda e: np.ones((3, 2)))
    mixed = release._mixed(recipe, ours, "e0", [a, b])
    assert mixed(ours[0]) == pytest.approx(0.0, abs=0.05) and mixed(ours[6]) == pytest.approx(1.0, abs=0.05)
    plain = release._mixed(replace(recipe, music=()), ours, "e0", [a, b])
    assert plain(ours[0]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="class"):  # nothing of that music is left without its singer
        release._mixed(recipe, ours, "v", [a, b])


def test_networks_of_one_model_have_one_normalisation(monkeypatch, tmp_path):
    recipe = recipes.from_dict({
        "name": "m", "architecture": "cut_tcn", "roles": list(ROLES), "data": {"corpora": ["evr"]},
        "members": [{}, {"seeds": 2}],
    })  # fmt: skip
    means = {"m-1a": 0.0, "m-1b": 0.0, "m-2b": 0.0}

    def load(name):
        return nn.Identity(), {"mean": np.full(75, means[name]), "std": np.ones(75), "trainable": True}

    monkeypatch.setattr(release, "train", lambda member, *rest: member.name)
    monkeypatch.setattr(release, "load", load)
    network, state = release._trained(recipe, [], tmp_path)
    assert len(network.networks) == 3 and network.gate is None and state["recipe"] == recipe.as_dict()
    means["m-2b"] = 0.1
    with pytest.raises(click.ClickException, match="m-2b hears other corpora"):
        release._trained(recipe, [], tmp_path)


def test_the_threshold_is_fitted_on_renders_too():
    known = made_up()
    away = [known[name] for name in AWAY]
    examples = [e for name, (e, _) in known.items() if name not in AWAY]
    threshold = release._fit(ROLES, says(known), examples, away)[1]["entry"]
    labels = np.concatenate([e.labels[:, 0] for e, _ in known.values()])
    assert threshold == pytest.approx(labels.mean(), abs=0.1)
    # A render that is good from low log odds on draws the threshold down.
    low = [replace(e, labels=known[e.name][1] > -2) if e.name == VALIDATION else e for e in examples]
    assert release._fit(ROLES, says(known), low, away)[1]["entry"] < threshold - 0.05


def test_every_group_of_songs_weighs_the_same():
    a, b, c = ((song("x", name, n), np.zeros((n, 2))) for name, n in (("a", 10), ("b", 30), ("c", 400)))
    z, labels, weights = release._pooled(ROLES, "exit", [a, b], [c])
    assert len(z) == len(labels) == 440
    assert weights[:40].sum() == pytest.approx(weights[40:].sum()) and len(set(weights[:40])) == 1


@pytest.mark.long
def test_a_song_left_out_is_judged_by_what_is_fitted_without_it():
    known = made_up()
    away = {name: known[name] for name in AWAY}
    # Its own labels, turned round, have no say in its fit; in that of the other song they have.
    turned = replace(known[AWAY[0]][0], labels=~known[AWAY[0]][0].labels), known[AWAY[0]][1]
    held = dict.fromkeys(AWAY, says(known))
    examples = [e for e, _ in known.values()]
    fits = release._fits(held, {**away, AWAY[0]: turned}, ROLES, examples)
    scorer = release._scorer(knowing, away, fits, ROLES)
    assert all(np.array_equal(scorer(examples[0])[role], knowing(examples[0])[role]) for role in ROLES)
    told = scorer(away[AWAY[0]][0])
    log_odds = away[AWAY[0]][1]
    assert np.abs(told["entry"] - 1 / (1 + np.exp(-0.5 * log_odds[:, 0] + 1.0))).max() < 0.06
    assert np.abs(told["exit"] - 1 / (1 + np.exp(-1.5 * log_odds[:, 1] - 0.5))).max() < 0.06
    assert fits[AWAY[0]][0]["exit"].fitted_on == (*release.CALIBRATION, AWAY[1])
    assert fits[AWAY[1]][0]["exit"].slope < 1.0
    assert fits[AWAY[0]][1]["entry"] != fits[AWAY[1]][1]["entry"]
