import numpy as np
import pytest

from segue_models.sections import peaks


@pytest.fixture
def curve():
    """The vector of the specification: one value a second."""
    a = np.full(60, 0.1)
    a[20], a[23], a[40] = 0.8, 0.5, 0.6
    return a


def test_strengths_of_the_specification(curve):
    s = peaks.strengths(curve, 1.0)
    assert s[20] == pytest.approx(0.64211, abs=1e-5)
    assert s[40] == pytest.approx(0.47368, abs=1e-5)
    assert s[23] == -np.inf


def test_peaks_of_the_specification(curve):
    assert peaks.pick(curve, 1.0, 0.2).tolist() == [20, 40]
    assert peaks.pick(curve, 1.0, 0.5).tolist() == [20]


def test_outside_the_song_there_is_nothing():
    only = np.array([0.0, 0.7, 0.0])
    assert peaks.strengths(only, 1.0)[1] == pytest.approx(0.7 - 0.7 / 19)
    assert not len(peaks.pick(np.zeros(0), 1.0, 0.2))
