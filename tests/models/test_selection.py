import numpy as np

from segue_models.cuts.selection import candidates, pick
from segue_models.signal.frames import BeatGrid

AT_120 = BeatGrid(np.arange(120) * 0.5, np.tile([1, 2, 3, 4], 30))


def test_candidate_window_vectors():
    onsets = np.array([15.99, 16.00, 22.00, 22.01])
    assert candidates(onsets, AT_120, np.array([20.0])).tolist() == [False, True, True, False]
    assert not candidates(onsets, AT_120, np.array([])).any()


def test_the_best_are_picked_apart_from_each_other_and_never_padded():
    times = np.array([1.0, 1.2, 3.0, 5.0, 9.0])
    scores = np.array([0.7, 0.9, 0.6, 0.4, 0.8])
    assert pick(times, scores, top=10, min_score=0.5, spacing=1.0).tolist() == [1, 2, 4]
    assert pick(times, scores, top=2, min_score=0.5, spacing=1.0).tolist() == [1, 4]
    assert pick(times, scores, top=10, min_score=0.95, spacing=1.0).tolist() == []


def test_slack_widens_the_window_at_both_ends():
    onsets = np.array([15.87, 15.88, 22.12, 22.13])  # a quarter of a beat is 0.125 s
    assert candidates(onsets, AT_120, np.array([20.0]), slack=0.25).tolist() == [False, True, True, False]


def test_at_least_means_at_least():
    times, scores = np.array([1.0, 2.0, 2.9]), np.array([0.5, 0.9, 0.8])
    assert pick(times, scores, top=10, min_score=0.5, spacing=1.0).tolist() == [0, 1]
