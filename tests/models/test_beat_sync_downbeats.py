import numpy as np
import pytest

from segue_models.beats.beat_sync_downbeats import bars_on, count, log_odds
from segue_models.features import beat_sync


class BassDrum:
    """Stands in for a network: a beat opens a bar where its first quarter rises in the lowest bands."""

    def activations(self, beats):
        assert beats.shape[1] == beat_sync.PERCUSSIVE + beat_sync.HARMONIC and beats.dtype == np.float32
        low = beats[:, :10].mean(axis=1)
        drums = np.where(low > low.mean() + low.std() / 2, 0.8, 0.1)
        return np.stack([drums, drums / 2], axis=1).astype(np.float32)


@pytest.mark.parametrize(("metre", "pick_up"), [(4, 0), (4, 3), (3, 1)])
def test_bars_are_counted_from_what_opens_them(clicks, metre, pick_up):
    times = np.arange(0.5, 20.0, 0.5)
    expected = (np.arange(len(times)) - pick_up) % metre + 1
    positions, found = bars_on(clicks(times, 21.0, expected == 1), times, BassDrum())
    assert found == metre and positions.tolist() == expected.tolist()


def test_drums_and_harmony_count_the_same(clicks):
    times = np.arange(0.5, 10.0, 0.5)
    down = np.arange(len(times)) % 4 == 0
    odds = log_odds(clicks(times, 11.0, down), times, BassDrum())
    np.testing.assert_allclose(odds, np.log(np.where(down, 0.6 / 0.4, 0.075 / 0.925))[:-1], atol=1e-5)


def test_an_unsure_network_is_not_heard_as_three_beats():
    rng = np.random.default_rng(0)
    down = np.arange(120) % 4 == 1
    odds = np.where(down, -0.4, -1.6) + rng.normal(0, 0.8, 120)  # no downbeat is likelier than not
    assert count(odds) == (pytest.approx((np.arange(121) - 1) % 4 + 1), 4)


def test_one_mistake_of_the_network_moves_no_bar_but_beats_left_out_do():
    odds = np.where(np.arange(200) % 4 == 0, 3.0, -3.0)
    wrong = odds.copy()
    wrong[100:104] = np.roll(wrong[100:104], 1)
    assert count(wrong)[0].tolist() == count(odds)[0].tolist()
    left_out = np.delete(odds, [98])
    assert np.all(count(left_out)[0][99::4] == 1) and np.all(count(left_out)[0][:96:4] == 1)


@pytest.mark.parametrize("times", [[1.0], [2.0, 1.0]])
def test_bars_need_beats(times):
    with pytest.raises(ValueError, match="two beats"):
        bars_on(np.zeros(44100 * 3, np.float32), np.array(times), BassDrum())
