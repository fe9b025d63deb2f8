import numpy as np
import pytest

from segue_models.features import lag_similarity, mel

RATE = 44100


def test_counts_of_the_specification():
    assert lag_similarity.LAGS == 301
    assert lag_similarity.BINS == 100
    x = np.random.default_rng(0).normal(size=(30, mel.BANDS)).astype(np.float32)
    assert lag_similarity.vectors(x).shape == (15, 158)


def test_a_constant_sound_is_like_itself():
    x = np.tile(np.random.default_rng(0).normal(size=mel.BANDS).astype(np.float32), (1400, 1))
    r = lag_similarity.similarity(lag_similarity.vectors(x))
    assert r[650:, :] == pytest.approx(0.73106, abs=1e-4)


def test_the_quantile_of_both_is_that_of_a_sort():
    x = np.random.default_rng(1).normal(size=(400, 158)).astype(np.float32)
    far = lag_similarity.distances(x)
    r = lag_similarity.similarity(x)
    for i, lag in ((390, 1), (390, 300), (350, 77), (5, 3)):
        near = np.sort(np.concatenate([far[i], far[i - lag]]))[60]
        assert r[i, lag - 1] == pytest.approx(1 / (1 + np.exp(far[i, lag - 1] / near - 1)), abs=1e-5)
        assert np.quantile(np.concatenate([far[i], far[i - lag]]), 0.1) == pytest.approx(near, abs=0.01)


def test_distances_are_of_the_right_moments_and_none_before_the_start():
    x = np.eye(158, dtype=np.float32)[np.arange(400) % 100]
    far = lag_similarity.distances(x)
    assert (far[:, 99][100:] == 0).all() and (far[:, 98] == 1).all()
    assert (far[50, 50:] == 1).all()


def test_a_repeat_is_a_line_at_its_lag():
    rng = np.random.default_rng(2)
    phrase = rng.normal(size=6 * RATE).astype(np.float32) * np.repeat(rng.uniform(0.01, 0.5, 60), RATE // 10).astype(
        np.float32
    )
    x = lag_similarity.extract(np.concatenate([phrase, phrase, phrase]))
    assert x.shape[1] == mel.BANDS + lag_similarity.BINS
    lags = x[mel.PADDING_ROWS : -mel.PADDING_ROWS, mel.BANDS :]
    repeated = lags[50:].mean(axis=0)
    step_s = lag_similarity.LAG_POOL * lag_similarity.POOL * 1024 / RATE
    assert abs((repeated[8:].argmax() + 8.5) * step_s - 6.0) < step_s


def test_silence_is_finite():
    assert np.isfinite(lag_similarity.extract(np.zeros(2 * RATE, np.float32))).all()
