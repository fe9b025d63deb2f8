from collections import Counter

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from segue_models.corpora import breakdowns
from segue_models.rendering.mix import envelope


def rises(audio, times, low, high):
    """Rise of the level of a band in the 30 ms after each time, as a share of the largest anywhere."""
    heard = sosfilt(butter(4, (low, high), "bandpass", fs=44100, output="sos"), audio)
    rise = np.maximum(np.diff(envelope(heard)), 0)
    at = np.rint(times * 100).astype(int)
    return np.array([rise[max(a - 1, 0) : a + 3].max() for a in at]) / rise.max()


def test_ten_songs_of_each_kind_six_for_tests():
    names = breakdowns.chosen()
    assert Counter(map(breakdowns.kind, names)) == dict.fromkeys(breakdowns.KINDS, 10)
    assert Counter(breakdowns.kind(n) for n in names if breakdowns.split(n) == "test") == dict.fromkeys(
        breakdowns.KINDS, 6
    )


@pytest.mark.parametrize("name", breakdowns.chosen())
def test_a_breakdown_lasts_a_minute_or_eight_bars_and_nothing_moves(name):
    grid, first, last = breakdowns.plan(name, np.random.default_rng(len(name)))
    assert np.diff(grid.times) == pytest.approx(60 / grid.tempo_bpm) and 100 <= grid.tempo_bpm <= 150
    assert grid.positions[first] == grid.positions[last] == 1 and first > 40 and len(grid.times) - last > 40
    lasts = grid.times[last] - grid.times[first]
    assert last - first == 32 if breakdowns.kind(name) == "silence" else 58 < lasts < 62


def part(kind, beats=16):
    rng = np.random.default_rng(1)
    grid, *_ = breakdowns.plan(f"{kind}-0", rng)
    score = breakdowns.harmony(grid, rng)
    at = grid.times[:beats]
    return at, breakdowns.breakdown(kind, score, at, float(at[-1]) + 1.0, rng)


def test_hats_and_bass_are_off_the_beat():
    at, audio = part("offbeat")
    beat = at[1] - at[0]
    for band in ((40, 150), (6000, 14000)):
        assert rises(audio, at + beat / 2, *band).mean() > 5 * rises(audio, at, *band).mean()


def test_half_time_drums_have_the_snare_on_three():
    at, audio = part("halftime")
    snare = rises(audio, at, 500, 3000).reshape(-1, 4)
    kick = rises(audio, at, 40, 90).reshape(-1, 4)
    assert snare[:, 2].min() > 2 * snare[:, [1, 3]].max() and kick[:, 0].min() > 2 * kick[:, [1, 3]].max()


def test_a_silent_breakdown_is_silent_and_a_pad_has_no_hits():
    assert not part("silence")[1].any()
    at, pad = part("pad")
    assert np.abs(pad).max() > 0.01 and rises(pad, at, 6000, 14000).max() <= 1
    level = envelope(pad)[round(at[0] * 100) + 100 : -150]
    assert level.min() > 0.05 * level.max()


@pytest.mark.long
def test_drums_are_on_the_beats_before_and_after(late_ms):
    track, audio = breakdowns.make("silence-0")
    _, first, last = breakdowns.plan("silence-0", breakdowns.seeded("silence-0"))
    times = track.grid.times
    assert abs(late_ms(audio, times[4:first])) <= 20 and abs(late_ms(audio, times[last:-4])) <= 20
    quiet = audio[round((times[first] + 0.1) * 44100) : round((times[last] - 0.1) * 44100)]
    assert np.abs(quiet).max() < 1e-3
