"""What the release measures and calibrates, on songs made up so that the answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import click
import numpy as np
import pytest

from segue_exporter import release
from segue_models.corpora import pop909
from segue_models.model_card import Calibration
from segue_models.training.examples import ROLES, Example

TEST = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "test")
VALIDATION = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "validation")
TRAIN = next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == "train")


def song(corpus: str, name: str, onsets: int = 40) -> Example:
    labels = np.random.default_rng(3).random((onsets, 2)) < 0.4
    return Example(
        name=name, corpus=corpus, artist="a", licence="CC0", voices=(), trainable=True,
        features=np.zeros((onsets, 75), np.float16), onset_cells=np.arange(onsets), onset_times=np.arange(onsets) * 2.0,
        labels=labels, known=np.ones(onsets, bool), near_boundary=np.ones(onsets, bool),
        boundary=np.zeros(onsets, np.int64),
        on_downbeat=np.arange(onsets) % 4 == 0, phrases=np.array([[0.0, 9.0]]),
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
    tables = release.measure(card, songs, knowing, wrong)
    assert [name.split(",")[0] for name in tables] == [
        "rendered songs not trained on", "rendered songs not trained on", "evr_cc0_stems",
        "the same with onsets in vocal beds", "ultrastar", "jamendo",
    ]  # fmt: skip
    for name, rows in tables.items():
        assert [f.role for f in rows] == ["entry", "exit"]
        assert all(f.songs == 1 for f in rows)
        # the networks of leave-one-song-out judge the CC0 songs, the final one all others
        assert all(f.auc == (0.0 if name.startswith(("evr", "the same")) else 1.0) for f in rows)


def made_up() -> dict[str, tuple[Example, np.ndarray]]:
    """For real songs to calibrate on and a render, labels drawn from log odds that boast (entry) or are shy (exit)."""
    rng = np.random.default_rng(0)
    out = {}
    for name in (*release.CALIBRATION, VALIDATION):
        logits = rng.normal(0, 2, (3000, 2))
        truth = np.stack([0.5 * logits[:, 0] - 1.0, 1.5 * logits[:, 1] + 0.5], axis=1)
        labels = rng.random((3000, 2)) < 1 / (1 + np.exp(-truth))
        corpus = "pop909" if name == VALIDATION else "ultrastar"
        out[name] = replace(song(corpus, name, 3000), labels=labels), logits
    return out


def test_calibration_and_threshold_are_fitted_to_the_songs_set_aside_for_it():
    known = made_up()
    others = [song("ultrastar", "another"), song("pop909", TEST), song("pop909", TRAIN)]  # must not be asked for
    calibration, threshold = release._calibrated(
        ("entry", "exit"), lambda e: known[e.name][1], [*others, *(e for e, _ in known.values())]
    )
    assert (calibration["entry"].slope, calibration["entry"].offset) == pytest.approx((0.5, -1.0), abs=0.15)
    assert (calibration["exit"].slope, calibration["exit"].offset) == pytest.approx((1.5, 0.5), abs=0.2)
    assert calibration["exit"].fitted_on == (*release.CALIBRATION, VALIDATION)
    labels = np.concatenate([e.labels[:, 0] for e, _ in known.values()])
    assert threshold["entry"] == pytest.approx(labels.mean(), abs=0.1)

    with pytest.raises(click.ClickException, match="not all there"):
        release._calibrated(("entry",), lambda e: known[e.name][1], others)


def test_recordings_weigh_together_as_much_as_renders():
    known = [(song(corpus, name, n), np.zeros((n, 2))) for corpus, name, n in
             (("ultrastar", "u", 10), ("jamendo", "j", 30), ("pop909", VALIDATION, 400))]  # fmt: skip
    z, labels, weights = release._pooled("exit", 1, known)
    assert len(z) == len(labels) == 440
    assert weights[:40].sum() == pytest.approx(weights[40:].sum()) and len(set(weights[:40])) == 1


def test_a_song_left_out_is_calibrated_as_what_ships_is():
    known = made_up()
    away = song("evr", "1_hydrogen", 3000)
    log_odds = np.random.default_rng(1).normal(0, 2, (3000, 2))

    def says(e: Example) -> np.ndarray:
        return log_odds if e.name == away.name else known[e.name][1]

    scorer = release._scorer({away.name: says}, ("entry", "exit"), [away, *(e for e, _ in known.values())])
    told = scorer(away)
    # Its own labels, drawn without a look at the log odds, had no say.
    assert np.abs(told["entry"] - 1 / (1 + np.exp(-0.5 * log_odds[:, 0] + 1.0))).max() < 0.06
    assert np.abs(told["exit"] - 1 / (1 + np.exp(-1.5 * log_odds[:, 1] - 0.5))).max() < 0.06
