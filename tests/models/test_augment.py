import numpy as np

from segue_models.training.augment import FLOOR, augment


def cells() -> np.ndarray:
    return np.random.default_rng(0).normal(-5, 1.5, (200, 75)).astype(np.float32)


def test_cells_stay_where_they_are():
    """A variation changes the sound, never the time: of shuffled cells it is the shuffled variation."""
    order = np.random.default_rng(1).permutation(200)
    for seed in range(30):
        straight, shuffled = (augment(x, np.random.default_rng(seed)) for x in (cells(), cells()[order]))
        assert np.allclose(straight[order], shuffled, atol=1e-4)


def test_the_song_itself_is_left_alone_and_no_two_variations_are_alike():
    song, rng = cells(), np.random.default_rng(2)
    made = [augment(song, rng) for _ in range(20)]
    assert np.array_equal(song, cells())
    assert all(m.shape == song.shape and m.dtype == np.float32 and np.isfinite(m).all() for m in made)
    assert all((m >= np.float32(FLOOR)).all() for m in made)
    assert min(np.abs(a - b).max() for i, a in enumerate(made) for b in made[:i]) > 0.1


def test_it_is_still_the_same_music():
    """Pitch moves by a tone at most: two bands; what is loud in a band stays loud there."""
    song = np.full((100, 75), -8.0, np.float32)
    song[::2, 30] = 0.0
    for seed in range(30):
        varied = augment(song, np.random.default_rng(seed))
        rise = (varied[::2] - varied[1::2]).mean(axis=0)
        if rise.max() > 0.5:  # else the range was masked
            assert abs(int(rise.argmax()) - 30) <= 2
    kept = [(augment(song, np.random.default_rng(s))[::2, 28:33].max() > -4) for s in range(30)]
    assert np.mean(kept) > 0.8
