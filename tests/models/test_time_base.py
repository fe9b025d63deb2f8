import numpy as np
import pytest

from segue_models.cuts import time_base
from segue_models.recipe import Data, RecipeError


def frames(pooled):
    return Data((), time_base="frames", pooled=pooled)


@pytest.mark.parametrize(
    ("window_s", "counts"),
    [(10, (431, 217)), (4, (173, 87)), (2, (87, 45)), (1, (45, 23)), (20, (863, 431))],
)
def test_frames_of_the_specification(window_s, counts):
    assert tuple(time_base.rows(window_s, frames(pooled)) for pooled in (1, 2)) == counts


@pytest.mark.parametrize(("beats", "cells"), [(12, (96, 48, 24)), (6, (48, 24, 12))])
def test_cells_of_the_specification(beats, cells):
    assert tuple(time_base.rows(beats, Data((), cells_per_beat=k)) for k in (8, 4, 2)) == cells


def test_pooling_is_by_halves_from_the_first_frame_and_drops_the_last_odd_one():
    ramp = np.arange(1292, dtype=np.float32)[:, None]
    assert [len(time_base.pool(ramp, p)) for p in (1, 2, 4, 8)] == [1292, 646, 323, 161]
    assert time_base.pool(ramp, 8)[[0, -1], 0].tolist() == [3.5, 1280 + 3.5]
    assert time_base.pool(ramp[:7], 2)[:, 0].tolist() == [0.5, 2.5, 4.5]


@pytest.mark.parametrize("pooled", [1, 2, 4, 8])
def test_an_onset_is_in_the_row_whose_centre_is_nearest(pooled):
    rng = np.random.default_rng(0)
    times = rng.uniform(0, 30, 200)
    centres = time_base.pool((np.arange(1292) * 1024 / 44100)[:, None], pooled)[:, 0]  # means of the frames' centres
    assert time_base.row_seconds(len(centres), pooled) == pytest.approx(centres)
    expected = np.abs(times[:, None] - centres[None, :]).argmin(axis=1)
    assert (time_base.nearest_row(times, len(centres), pooled) == expected).all()
    assert time_base.nearest_row([0.0, 99.0], 10, pooled).tolist() == [0, 9]


@pytest.mark.parametrize(
    "wrong",
    [
        {"feature": "smell"},
        {"time_base": "bars"},
        {"pooled": 3, "time_base": "frames"},
        {"pooled": 2},
        {"foreground": True, "time_base": "frames"},
    ],
)
def test_another_time_base_or_feature_is_told(wrong):
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Data((), **wrong)
