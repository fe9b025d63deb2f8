"""Figures of hand-made songs, where they can be counted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from segue_models.evaluation import evaluate
from test_batches import example

TIMES = np.arange(8) * 2.0


def song(name, entry, corpus="evr", near=(True,) * 8):
    return replace(
        example(),
        name=name,
        corpus=corpus,
        onset_times=TIMES,
        onset_cells=np.arange(8),
        labels=np.stack([np.array(entry, bool), np.zeros(8, bool)], axis=1),
        near_boundary=np.array(near),
        known=np.ones(8, bool),
        on_downbeat=TIMES % 8 == 0,
        opens_bar=TIMES % 8 == 0,  # 0 and 8 s
        phrases=np.array([[1.0, 5.0], [7.0, 9.0]]),  # the onsets at 2, 4 and 8 s are sung over
    )


SONGS = [song("a", [1, 0, 0, 1, 0, 0, 0, 0]), song("b", [1, 0, 0, 1, 0, 0, 0, 0]), song("no entry", [0] * 8)]
SCORES = {
    "a": [0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1],  # all right
    "b": [0.9, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2],  # one found of two, one false of six
    "no entry": [0.5] * 8,
}


def scorer(e):
    return {"entry": np.array(SCORES[e.name]), "exit": np.zeros(8)}


def test_figures_are_means_over_songs_that_have_both_classes():
    f = evaluate.figures(SONGS, scorer, "entry", near_boundaries=False)
    assert (f.songs, f.onsets, f.positives) == (2, 16, 0.25)
    # b: 0.9 wins 6 of 6 pairs; 0.1 loses to 0.6 and 0.2 and draws 4 times: 2 of 6
    assert f.auc == pytest.approx((1 + 8 / 12) / 2) and f.auc_worst == pytest.approx(8 / 12)
    assert f.bcr == pytest.approx((1 + (1 / 2 + 5 / 6) / 2) / 2)
    assert f.inside_random == pytest.approx(3 / 8) and f.inside_downbeat == pytest.approx(1 / 2)


def test_calibration_is_pooled_over_the_songs():
    # bins: 0.1 (11 onsets, one good), 0.2 (1, none), 0.6 (1, none), 0.9 (3, all)
    gaps = 11 * abs(1 / 11 - 0.1) + 1 * 0.2 + 1 * 0.6 + 3 * 0.1
    assert evaluate.figures(SONGS, scorer, "entry", False).ece == pytest.approx(gaps / 16)


def test_what_is_not_known_is_not_judged():
    unknown = replace(SONGS[1], known=np.array([1, 0, 1, 0, 1, 1, 1, 1], bool))  # b: its false one and its missed one
    f = evaluate.figures([unknown], scorer, "entry", False)
    assert (f.onsets, f.auc, f.bcr) == (6, 1.0, 1.0)
    assert f.inside_random == pytest.approx(2 / 6)  # of those at 0, 4, 8, 10, 12 and 14 s


def test_the_threshold_decides_the_balanced_rate_alone():
    low, high = (evaluate.figures(SONGS[:1], scorer, "entry", False, least) for least in (0.05, 0.5))
    assert (low.bcr, high.bcr) == (0.5, 1.0) and low.auc == high.auc


def test_songs_that_the_calibration_was_fitted_on_count_for_the_auc_alone():
    f = evaluate.figures(SONGS, scorer, "entry", False, 0.5, fitted_on=("a",))
    alone = evaluate.figures(SONGS[1:], scorer, "entry", False)
    assert (f.songs, f.auc) == (2, evaluate.figures(SONGS, scorer, "entry", False).auc)
    assert (f.bcr, f.ece) == (alone.bcr, alone.ece)
    none = evaluate.figures(SONGS, scorer, "entry", False, 0.5, fitted_on=("a", "b"))
    assert (none.auc, none.onsets) == (f.auc, 0) and np.isnan([none.bcr, none.ece]).all()
    row, full = evaluate.table([none, f]).splitlines()[-2:]
    assert row.split()[:8] == ["entry", "2", "0", "-", "0.833", "0.667", "-", "-"] and len(row) == len(full)


def test_each_song_may_have_its_own_threshold():
    own = evaluate.figures(SONGS, scorer, "entry", False, {"a": 0.5, "b": 2.0, "c": 0.5})
    assert own.bcr == pytest.approx((evaluate.figures(SONGS[:1], scorer, "entry", False, 0.5).bcr + 0.5) / 2)


def test_only_candidates_count_where_the_paper_counts_them():
    near = song("b", [1, 0, 0, 1, 0, 0, 0, 0], near=[True, False, True] + [False] * 5)
    f = evaluate.figures([near], scorer, "entry", near_boundaries=True)
    assert (f.onsets, f.auc, f.bcr) == (2, 1.0, 1.0)


def test_the_best_cuts_are_those_an_editor_would_see(monkeypatch):
    monkeypatch.setattr(evaluate, "BEST", 2)
    f = evaluate.figures(SONGS[1:2], scorer, "entry", False)
    assert f.inside_best == 0.5  # 0 s is free, 2 s is sung over


def test_without_both_classes_nothing_is_measured():
    with pytest.raises(ValueError, match="both good and bad onsets"):
        evaluate.figures(SONGS[2:], scorer, "entry", False)


@pytest.mark.parametrize(("trained", "warned"), [("evr", True), ("pop909", False)])
def test_the_report_says_where_the_model_knew_the_songs(monkeypatch, trained, warned):
    card = SimpleNamespace(
        name="cuts",
        version="1",
        cells_per_beat=4,
        outputs=("entry",),
        threshold={},
        calibration={},
        training_data=[{"corpus": trained}],
    )
    network = SimpleNamespace(card=card)
    monkeypatch.setattr(evaluate.inference, "load", lambda path: network)
    monkeypatch.setattr(evaluate, "from_onnx", lambda path: scorer)
    monkeypatch.setattr(evaluate.songs, "load", lambda corpora, cells, where, log: SONGS)
    text = evaluate.report("cuts.onnx", ["evr"], print)
    assert text.startswith("cuts 1 on 3 songs of evr") and ("caution" in text) == warned
    assert "all onsets" in text and "near section boundaries" in text and "0.833" in text
