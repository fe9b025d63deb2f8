import numpy as np
import pytest

from segue_models.cuts.foreground import APART_BEATS, foreground

K = 4


def loops(beats=96, bars=1, bands=12, seed=0):
    """A loop over and over (beats * K, bands), not twice quite alike."""
    rng = np.random.default_rng(seed)
    loop = rng.normal(-5, 1.5, (4 * bars * K, bands))
    song = np.tile(loop, (beats // (4 * bars) + 1, 1))[: beats * K]
    return (song + rng.normal(0, 0.05, song.shape)).astype(np.float32)


def test_a_voice_stands_out_of_the_loop_behind_it_by_its_level():
    song = loops()
    sung = song.copy()
    sung[150:170, 3:6] += 2.0
    out = foreground(sung, K)
    assert out[150:170, 3:6] == pytest.approx(2.0, abs=0.4)
    out[150:170, 3:6] = 0
    assert np.abs(out).max() < 0.5


def test_a_part_that_is_missing_is_below():
    song = loops()
    song[200:216] -= 3.0
    assert foreground(song, K)[200:216] == pytest.approx(-3.0, abs=0.5)


def test_what_always_comes_again_does_not_stand_out():
    assert np.abs(foreground(loops(), K)).max() < 0.5


def test_louder_as_a_whole_is_the_same():
    song = loops()
    assert foreground(song + 1.0, K) == pytest.approx(foreground(song, K), abs=1e-4)


def test_as_a_plain_reading_of_the_paper_finds_it():
    """Every beat against every other, one at a time: the 16 nearest by the 8 beats around, their median."""
    rng = np.random.default_rng(1)
    song = rng.normal(-5, 1, (40 * K, 5)).astype(np.float32)
    beats = song.reshape(40, K, 5).astype(np.float64)

    def distance(a, b):
        pairs = [(a + o, b + o) for o in range(-4, 4) if 0 <= a + o < 40 and 0 <= b + o < 40]
        return np.mean([np.sum((beats[i] - beats[j]) ** 2) for i, j in pairs])

    for a in (0, 1, 17, 39):
        others = sorted((distance(a, b), b) for b in range(40) if abs(a - b) >= APART_BEATS)
        behind = np.median([beats[b] for _, b in others[:16]], axis=0)
        assert foreground(song, K)[a * K : (a + 1) * K] == pytest.approx(beats[a] - behind, abs=1e-4)


@pytest.mark.parametrize("cells", [0, 3, 4 * K, 5 * K + 3, 7 * K + 1])
def test_too_little_to_compare_with_and_cells_of_no_whole_beat(cells):
    song = loops()[:cells]
    out = foreground(song, K)
    assert out.shape == song.shape and out.dtype == np.float32 and np.isfinite(out).all()
    assert (out[cells // K * K :] == 0).all()
    assert out.any() == (cells >= 6 * K)


@pytest.mark.parametrize("beats", [12, 40])
def test_a_pause_is_as_if_the_music_went_on(beats):
    """A short song has too few beats to compare with: those of a pause are none, nor is its music any other for it."""
    song, pause = loops(beats), np.full((20 * K, 12), -9.2, np.float32)
    at = beats // 2 * K
    paused = foreground(np.concatenate([pause, song[:at], pause, song[at:], pause]), K)
    assert np.array_equal(
        np.concatenate([paused[20 * K : 20 * K + at], paused[40 * K + at : -20 * K]]), foreground(song, K)
    )
    assert not paused[: 20 * K].any() and not foreground(pause, K).any()
