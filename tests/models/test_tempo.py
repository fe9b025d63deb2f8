import numpy as np
import pytest

from segue_models.rendering import tempo
from segue_models.signal.frames import BeatGrid


def steady(bars=40, metre=4, bpm=120.0):
    count = bars * metre
    return BeatGrid(1.0 + np.arange(count) * 60 / bpm, np.arange(count) % metre + 1, metre)


def bent(kind, seed, **of):
    return tempo.bent(steady(**of), kind, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", tempo.KINDS)
def test_beats_begin_where_they_did_and_keep_their_places(kind):
    before, after = steady(metre=3), bent(kind, 0, metre=3)
    assert after.times[0] == 1.0 and np.array_equal(after.positions, before.positions) and after.beats_per_bar == 3
    assert (kind == "constant") == np.allclose(before.times, after.times)


@pytest.mark.parametrize("seed", range(8))
def test_the_tempo_jumps_twice_at_bar_lines(seed):
    grid = bent("jumps", seed)
    periods = np.diff(grid.times)
    at = np.flatnonzero(np.abs(np.diff(periods)) > 1e-9) + 1
    assert len(at) == 2 and (grid.positions[at] == 1).all()
    bpm = 60 / periods[[0, at[0], at[1]]]
    assert bpm[0] == pytest.approx(120) and (bpm > 120 * 0.75).all() and (bpm < 120 * 1.3).all()
    assert (np.abs(np.log(bpm[1:] / bpm[:-1])) > np.log(1.06)).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_drift_stays_within_three_per_cent_and_is_slow(seed):
    periods = np.diff(bent("drift", seed).times) / 0.5
    assert 0.02 < np.abs(periods - 1).max() <= 0.03 + 1e-9
    assert np.abs(np.diff(periods)).max() < 0.005


@pytest.mark.parametrize("seed", range(4))
def test_rubato_holds_back_where_phrases_end(seed):
    grid = bent("rubato", seed)
    periods = np.diff(grid.times)
    last = np.arange(15, len(periods), 16)
    assert periods[last].mean() > 1.04 * np.median(periods) and periods.max() > 1.08 * np.median(periods)
    assert periods.min() > 0.4


def test_another_kind_is_refused():
    with pytest.raises(KeyError):
        bent("swing", 0)
