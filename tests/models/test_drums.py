import numpy as np

from segue_models.rendering.drums import accompany, find, loop
from segue_models.signal.frames import BeatGrid

ZIP = ("groove_midi", "groove_midi.zip")
GRID = BeatGrid(0.5 + np.arange(64) * 0.55, np.tile([1, 2, 3, 4], 16))


def test_takes_lie_on_the_click_they_were_played_to(data):
    rng = np.random.default_rng(0)
    for _ in range(5):
        take = find(data.joinpath(*ZIP), "beat", 110.0, rng)
        turn = np.mean(np.exp(8j * np.pi * take.notes[:, 0]))  # sixteenths
        assert abs(np.angle(turn)) < 1e-6 and take.beats >= 12
        assert min(abs(np.log2(take.bpm / 110 / f)) for f in (0.5, 1, 2)) < 0.35


def test_a_loop_is_whole_bars_of_a_take(data):
    rng = np.random.default_rng(1)
    take = find(data.joinpath(*ZIP), "beat", 100.0, rng)
    out = loop(take, 64, np.random.default_rng(2))
    assert out[:, 0].min() > -0.13 and 60 < out[:, 0].max() < 64
    first = out[out[:, 0] < 31.8]  # four or eight bars come again after eight
    second = out[(out[:, 0] >= 31.88) & (out[:, 0] < 63.8)]
    near = [np.abs(second[second[:, 2] == p][:, 0] - 32 - t).min(initial=9) for t, p in first[:, [0, 2]]]
    assert len(first) > 30 and np.all(np.array(near) < 1e-6)


def test_kicks_and_snares_stand_on_the_beats_of_the_song(data):
    table = accompany(GRID, [(0, 32, 0.8), (32, 64, 0.4)], data.joinpath(*ZIP), np.random.default_rng(3))
    kick_or_snare = table[np.isin(table[:, 2], [36, 38])]
    phase = GRID.phase(kick_or_snare[:, 0]) * 4
    assert np.median(np.abs(phase - np.rint(phase))) < 0.2  # of a sixteenth
    assert table[:, 3].min() >= 1 and table[:, 3].max() <= 127


def test_a_silent_section_has_no_drums(data):
    table = accompany(GRID, [(0, 32, 0.0), (32, 64, 0.9)], data.joinpath(*ZIP), np.random.default_rng(4))
    assert len(table) and table[:, 0].min() > GRID.times[31]
