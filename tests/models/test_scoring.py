import numpy as np
import pytest

from segue_models.cuts import scoring


def test_an_entry_is_where_the_lead_comes_and_was_not():
    lead = np.full(40, -3.0)
    lead[20:30] = 3.0
    z = np.stack([np.zeros(40), np.zeros(40), lead], axis=1)
    out = scoring.smooth_logits(z, ("entry", "exit", "lead"), 4)
    assert out[:, 0].argmax() == 20 and out[29, 0] < 0
    assert np.array_equal(out[:, 1:], z[:, 1:])


def test_neighbouring_cells_are_averaged_and_the_mean_is_kept():
    z = np.zeros((40, 1))
    z[20] = 8.0
    out = scoring.smooth_logits(z, ("exit",), 4)
    assert out[18:23, 0].tolist() == pytest.approx([0, 2, 4, 2, 0])
    assert scoring.smooth_logits(np.full((9, 1), 2.0), ("exit",), 4) == pytest.approx(np.full((9, 1), 2.0))


def test_a_cut_is_averaged_over_the_same_time_at_any_resolution():
    z = np.zeros((400, 1))
    z[200] = 1.0
    out = scoring.smooth_logits(z, ("exit",), 16)[:, 0]
    assert out.sum() == pytest.approx(1.0) and out.argmax() == 200 and np.allclose(out[1:], out[1:][::-1])
    width = np.sqrt((out * (np.arange(400) - 200) ** 2).sum()) / 16
    assert width == pytest.approx(np.sqrt((np.array([1, 2, 1]) / 4 * np.arange(-1, 2) ** 2).sum()) / 4, rel=0.2)
