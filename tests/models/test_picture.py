from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue_models.corpora.picture import draw
from segue_models.rendering.store import load, save
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track


def test_entries_and_exits_are_drawn_and_the_file_is_small(tmp_path):
    grid = BeatGrid(np.arange(40) * 0.5, np.tile([1, 2, 3, 4], 10))
    lead = np.array([[4.0, 7.0], [9.0, 12.0]])
    track = Track("toy", "toy", "", "CC0 1.0", Path(), lead, grid, np.array([0.0, 8.0]), onsets=np.arange(0, 16, 0.25))
    save(tmp_path, track, np.random.default_rng(0).uniform(-0.1, 0.1, 44100 * 20).astype(np.float32), 1)
    whole = load(tmp_path, "toy")
    draw(whole, tmp_path / "rule.png")
    pixels = np.asarray(Image.open(tmp_path / "rule.png").convert("RGB")).astype(int)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    assert np.sum((red > 150) & (green < 100) & (blue < 100)) > 100  # exits
    assert np.sum((green > 100) & (red < 80) & (blue < 100)) > 100  # entries
    assert (tmp_path / "rule.png").stat().st_size < 150_000
    with pytest.raises(ValueError, match="boundary 5"):
        draw(whole, tmp_path / "none.png", 5)
