from types import SimpleNamespace

import numpy as np
import pytest

from segue_models import product
from segue_models.evaluation import joins
from segue_models.product import Shown
from segue_models.signal.frames import BeatGrid
from segue_models.transitions.pairs import Cuts, Pair

GRID = BeatGrid(np.arange(200) * 0.5, np.arange(200) % 4 + 1)  # bars of two seconds


def cuts(*times):
    """From 60 s on the song is 20 dB softer."""
    levels = np.where(np.array(times)[:, None] < 60, -20.0, -40.0) + np.zeros((len(times), 2))
    return Cuts(np.array(times), np.ones(len(times)), np.zeros((len(times), 2, 1)), levels)


@pytest.fixture
def song():
    return SimpleNamespace(grid=GRID, free_time=False)


def test_what_counts_leaps_over_more_than_eight_bars_at_about_one_level(song, monkeypatch):
    shown = Shown(cuts(20.0, 40.0, 50.0), cuts(4.0, 30.0, 70.0), [Pair(1, 0, 1), Pair(0, 0, 1), Pair(2, 2, 1)])
    monkeypatch.setattr(product, "score", lambda song, network: (shown.exits, shown.entries))
    monkeypatch.setattr(product, "select", lambda exits, entries, grid: shown)
    found = joins.judge(song, None)
    assert (found.exits, found.entries, found.transitions) == (3, 3, 3)
    # 40 to 4 s is 18 bars, 20 to 4 s is eight, and 50 to 70 s ten bars, but 20 dB softer.
    assert found.steps == pytest.approx([0.0, 20.0], abs=0.2)
    assert found.good == 1 and found.entered == 1


def test_a_song_without_cuts_has_no_joins(song, monkeypatch):
    none = Shown(cuts(), cuts(), [])
    monkeypatch.setattr(product, "score", lambda song, network: (none.exits, none.entries))
    monkeypatch.setattr(product, "select", lambda exits, entries, grid: none)
    found = joins.judge(song, None)
    assert found.good == found.entered == found.transitions == 0
