import numpy as np
import pytest

from segue_models import downbeats_on_beats
from segue_models.features import beat_sync

DRUMS = beat_sync.PERCUSSIVE


class BassDrum:
    """Stands in for a network: a beat opens a bar where its first quarter rises in the lowest bands."""

    def activations(self, beats):
        assert beats.shape[1] == DRUMS + beat_sync.HARMONIC and beats.dtype == np.float32
        low = beats[:, :10].mean(axis=1)
        drums = np.where(low > low.mean() + low.std() / 2, 0.9, 0.02)
        return np.stack([drums, drums / 2], axis=1).astype(np.float32)


@pytest.mark.parametrize(("metre", "pick_up"), [(4, 0), (4, 3), (3, 1)])
def test_bars_are_counted_from_what_opens_them(clicks, metre, pick_up):
    times = np.arange(0.5, 20.0, 0.5)
    expected = (np.arange(len(times)) - pick_up) % metre + 1
    mono = clicks(times, 21.0, expected == 1)
    positions, found = downbeats_on_beats.bars_on(mono, times, BassDrum())
    assert found == metre and positions.tolist() == expected.tolist()


def test_drums_and_harmony_count_the_same(clicks):
    times = np.arange(0.5, 10.0, 0.5)
    mono = clicks(times, 11.0, np.arange(len(times)) % 4 == 0)
    p = downbeats_on_beats.probability(mono, times, BassDrum())
    assert len(p) == len(times) - 1
    np.testing.assert_allclose(p, np.where(np.arange(len(p)) % 4 == 0, 0.675, 0.015), atol=1e-6)


@pytest.mark.parametrize("times", [[1.0], [2.0, 1.0]])
def test_bars_need_beats(times):
    with pytest.raises(ValueError, match="two beats"):
        downbeats_on_beats.bars_on(np.zeros(44100 * 3, np.float32), np.array(times), BassDrum())
