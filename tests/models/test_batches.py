from dataclasses import replace

import numpy as np
import pytest

from segue_models.recipe import Data, Recipe, Training
from segue_models.serving.inference import excerpts
from segue_models.training import batches
from segue_models.training.examples import Example


def example(cells=700, seed=0, corpus="pop909"):
    rng = np.random.default_rng(seed)
    onset_cells = np.sort(rng.choice(cells, 120, replace=False))
    labels = rng.random((120, 2)) < 0.2
    return Example(
        name=f"s{seed}", corpus=corpus, artist="a", licence="CC0", voices=(), trainable=True,
        features=rng.normal(-5, 2, (cells, 75)).astype(np.float16),
        foreground=np.zeros((cells, 0), np.float16), onset_cells=onset_cells,
        onset_times=onset_cells * 0.125, labels=labels, known=np.ones(120, bool),
        near_boundary=rng.random(120) < 0.6,
        boundary=np.arange(120) // 30, on_downbeat=np.zeros(120, bool), opens_bar=np.zeros(120, bool),
        phrases=np.empty((0, 2)),
        dense=rng.random((cells, 3)) < 0.3, dense_known=np.ones(cells, bool),
    )  # fmt: skip


def test_one_negative_for_each_cut_and_role_from_the_same_boundary():
    e = example()
    drawn = batches.draw(e, 0, np.random.default_rng(1))
    cut = e.labels.any(axis=1)
    assert set(np.flatnonzero(cut & e.near_boundary)) <= set(drawn)
    negatives = drawn[~cut[drawn]]
    assert e.near_boundary[drawn].all() and len(set(drawn)) == len(drawn)
    for boundary in range(4):
        at = (e.boundary == boundary) & e.near_boundary
        wanted, there = int(e.labels[at & cut].sum()), int((at & ~cut).sum())
        assert (e.boundary[negatives] == boundary).sum() == min(wanted, there)


def test_excerpts_are_normalised_and_their_targets_are_the_roles():
    songs = [example(seed=s) for s in (0, 1)]
    norm = batches.normalisation(songs)
    parts = list(batches.excerpt_batches(songs, "exit", 16, norm, 50, np.random.default_rng(0)))
    x, y = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    assert x.shape[1:] == (16, 75) and y.shape == (len(x), 1)
    assert abs(x.mean()) < 0.1 and x.std() == pytest.approx(1, abs=0.1)
    drawn = [batches.draw(e, 1, np.random.default_rng(9)) for e in songs]
    assert y.sum() == sum(e.labels[d, 1].sum() for e, d in zip(songs, drawn, strict=True))


def test_an_excerpt_is_what_serving_cuts_out_also_at_the_ends_of_the_song():
    e = example()
    e.onset_cells[:3], e.onset_cells[-3:] = [0, 1, 5], [690, 698, 699]
    norm = batches.normalisation([e])
    served = excerpts((e.features.astype(np.float32) - norm[0]) / norm[1], e.onset_cells, 31)
    for context in (31, 30):
        ours = np.stack([batches.excerpt(e, o, context, norm) for o in range(120)])
        assert np.allclose(ours, served[:, 31 // 2 - context // 2 :][:, :context])


def test_normalisation_is_over_all_rows_of_all_songs():
    songs = [example(cells=300), example(cells=900, seed=1)]
    rows = np.concatenate([e.features.astype(np.float64) for e in songs])
    mean, std = batches.normalisation(songs)
    assert np.allclose(mean, rows.mean(axis=0)) and np.allclose(std, rows.std(axis=0))


def test_onsets_decide_in_dense_targets():
    e = example()
    y, w = batches.targets(e, ("exit",), 4)
    assert y.shape == (700, 2)
    assert np.array_equal(y[e.onset_cells, 0], e.labels[:, 1])
    assert (w[e.onset_cells, 0] == 1).all() and w[:, 0].min() == pytest.approx(batches.OFF_ONSET_WEIGHT)
    assert np.array_equal(y[:, 1], e.dense[:, 2])


def test_nothing_is_learnt_of_cuts_in_a_bed_but_that_somebody_sings():
    e = example()
    bed = np.arange(700) < 200
    e = replace(e, dense_known=~bed, known=~bed[e.onset_cells])
    w, whole = (batches.targets(song, ("entry", "exit"), 4)[1] for song in (e, example()))
    assert (w[bed, :2] == 0).all() and np.array_equal(w[~bed], whole[~bed])
    assert np.array_equal(w[:, 2], whole[:, 2])


def test_short_songs_are_padded_with_no_weight_and_corpora_weigh_in():
    songs = [example(cells=300, seed=s) for s in range(16)] + [example(600, 99, "evr")]
    norm = batches.normalisation(songs)
    rng = np.random.default_rng(0)
    recipe = Recipe("t", "cut_tcn", Data((), weights={"evr": 20.0}), roles=("entry", "exit"))
    parts = list(batches.song_batches(recipe, songs, norm, rng, True))
    x, y, w = (np.concatenate([p[i] for p in parts]) for i in range(3))
    assert x.shape[1:] == (4 * batches.STRETCH_BEATS, 75) and y.shape[-1] == w.shape[-1] == 3
    full = (w[:, -1, 0] > 0).mean()
    assert 0.5 < full < 0.9  # most stretches come from the one heavy song, which is long enough
    assert (w[:, 300:][w[:, 300, 0] == 0] == 0).all()


def test_what_stands_out_varies_with_the_song():
    """The variation of the song less that of what is behind: an equaliser leaves it as it was, a lost band takes it."""
    e = example()
    behind = np.roll(e.features, 1, axis=0)
    e = replace(e, foreground=e.features - behind)
    recipe = Recipe("t", "cut_tcn", Data((), foreground=True), roles=("entry", "exit"), training=Training(augment=True))
    ones = np.zeros(150, np.float32), np.ones(150, np.float32)
    for seed in range(20):
        (x, _, _), (plain, _, _) = (
            next(batches.song_batches(recipe, [song] * 8, ones, np.random.default_rng(seed), vary))
            for song, vary in ((e, True), (e, False))
        )
        assert x.shape == plain.shape == (8, 512, 150)
        assert not np.allclose(x[..., :75], plain[..., :75])
        back = x[..., :75] - x[..., 75:]
        # One song and the same a row later: what is behind a row is what the row before it sounded like.
        assert np.allclose(back[:, 1:], x[:, :-1, :75], atol=0.02)


def test_beats_weigh_the_same_at_any_resolution():
    e = example()
    (_, coarse), (_, fine) = (batches.targets(e, ("exit",), k) for k in (4, 16))
    assert (fine[e.onset_cells, 0] == 1).all() and fine[:, 1].sum() == pytest.approx(coarse[:, 1].sum() / 4)


def test_another_song_is_added_where_nobody_sings_in_it():
    quiet, other = np.full((300, 75), -5.0, np.float32), example(cells=700)
    out = batches.over_bed(
        quiet, replace(other, features=np.full((700, 75), -1.0, np.float16)), np.random.default_rng(0)
    )
    louder = (out > quiet).all(axis=1)
    assert np.array_equal(out[~louder], quiet[~louder])
    gaps = [other.dense[at : at + 300, 2] for at in range(400)]
    assert any(np.array_equal(louder, ~gap) for gap in gaps)  # a stretch of it
    assert np.allclose(np.exp(out[louder]), np.exp(out[louder][0, 0]))  # loudness of one bed
