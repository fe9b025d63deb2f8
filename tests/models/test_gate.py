from dataclasses import replace

import numpy as np
import pytest

from segue_models.training import calibrate, gate
from segue_models.training.batches import normalisation
from test_batches import example


def song(corpus, spread, seed):
    e = example(400, seed, corpus)
    rng = np.random.default_rng(seed)
    bands = rng.normal(-5, 2, 75) + rng.normal(0, spread, (400, 75))
    return replace(e, features=bands.astype(np.float16), foreground=rng.normal(0, 9, (400, 75)).astype(np.float16))


def test_change_is_over_time_and_of_the_song_alone():
    e = song("evr", 2.0, 1)
    norm = np.zeros(150, np.float32), np.full(150, 4.0, np.float32)
    assert gate.change(e, norm) == pytest.approx(0.5, abs=0.01)
    assert gate.change(replace(e, foreground=0 * e.foreground), norm) == gate.change(e, norm)


def test_music_is_told_by_its_change_whatever_the_counts():
    songs = [song("pop909", 1.0 + 0.02 * i, i) for i in range(20)] + [song("evr", 1.6 + 0.02 * i, i) for i in range(4)]
    norm = normalisation(songs)
    fitted = gate.fit(songs, ("evr",), norm)

    def chance(spread):
        return calibrate.apply(fitted, np.array([gate.change(song("x", spread, 99), norm)]))[0]

    assert chance(1.1) < 0.1 and chance(1.7) > 0.9
    assert fitted.slope > 0


def test_a_pause_changes_nothing_however_long():
    e = song("evr", 2.0, 1)
    norm = normalisation([e])
    whole = gate.change(e, norm)
    for cells in (64, 640):
        paused = np.insert(e.features, [200] * cells, np.float16(-9.2), axis=0)
        longer = replace(e, features=paused, foreground=np.zeros_like(paused))
        assert gate.change(longer, norm) == pytest.approx(whole, rel=0.05)
    assert gate.change(replace(e, features=np.full_like(e.features, -9.2)), norm) == 0.0
