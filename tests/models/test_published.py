import numpy as np
import pytest

from segue_models.evaluation import published
from segue_models.signal.frames import BeatGrid


def test_our_scores_are_the_published_ones(data):
    """25 of the 912 songs, by seed; `python -m segue_models.evaluation.published` checks them all."""
    found = published.differences(data, 25)
    assert len(found) == 25
    for differences in found.values():
        assert differences == {"beat F": 0.0, "maximum beat F": 0.0, "downbeat F": 0.0}


def test_another_estimate_does_not_have_the_published_score():
    truth = BeatGrid(np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    assert published.beat_f(truth, truth.times) == (1.0, 1.0)
    assert published.beat_f(truth, truth.times + 0.1) == (0.0, 0.0)
    assert published.beat_f(truth, truth.times[::2]) == (pytest.approx(2 / 3), 1.0)


def test_published_downbeats_stand_one_beat_early():
    truth = BeatGrid(np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    assert published.downbeat_f(truth, truth.times[[0, 3, 7, 11]]) == 1.0
    assert published.downbeat_f(truth, truth.times[[4, 8, 12]]) == 0.0
