import io

import numpy as np
import pytest
from PIL import Image

from segue_bridge import explanation_picture
from segue_bridge.explanation import Explanation
from segue_exporter import saliency
from segue_models.signal import gammatone


def explained(positive, negative, onset=16):
    beats = [(4.0 * i, 9.0 + 0.5 * i, 5 + i // 4, i % 4 + 1) for i in range(9)]
    heard = np.full(positive.shape, -40.0, np.float32)
    return Explanation(
        11.0,
        "exit",
        {"exit": 0.7, "entry": 0.1},
        None,
        True,
        heard,
        saliency.Maps(positive, negative),
        onset,
        4,
        (0.8, 0.4),
        beats,
    )


def pixels(found):
    image = Image.open(io.BytesIO(explanation_picture.draw(found, "song.wav"))).convert("RGB")
    assert image.size == (explanation_picture.WIDTH, explanation_picture.HEIGHT)
    return np.asarray(image).astype(int)


def test_a_spot_of_the_positive_map_is_drawn_at_its_band_and_cell():
    empty = np.zeros((32, 75), np.float32)
    spot = empty.copy()
    spot[24, 60] = 1.0
    changed = np.abs(pixels(explained(spot, empty)) - pixels(explained(empty, empty))).sum(axis=2) > 60
    rows, columns = np.nonzero(changed)
    width, height = explanation_picture.WIDTH, explanation_picture.HEIGHT
    left, right = 0.075 * width, 0.915 * width
    assert columns.min() == pytest.approx(left + 24 / 32 * (right - left), abs=3)
    assert columns.max() == pytest.approx(left + 25 / 32 * (right - left), abs=3)
    panels = {int(row * 4 / height) for row in rows}
    assert len(panels) == 2  # in the positive map and in the absolute one, not in the negative
    assert gammatone.centres_hz()[60] > 7000 and min(rows) < 0.4 * height


def test_maps_of_nothing_are_drawn():
    empty = np.zeros((32, 75), np.float32)
    assert pixels(explained(empty, empty)).std() > 0


def test_a_name_that_looks_like_a_formula_and_one_too_long(tmp_path):
    empty = np.zeros((32, 75), np.float32)
    assert explanation_picture.draw(explained(empty, empty), "$\\frac{a}$" + 100 * "x" + ".wav")


def test_our_pictures_are_known_from_others(tmp_path):
    empty = np.zeros((32, 75), np.float32)
    ours, other = tmp_path / "a.png", tmp_path / "b.png"
    ours.write_bytes(explanation_picture.draw(explained(empty, empty), "song.wav"))
    Image.new("RGB", (8, 8)).save(other)
    assert explanation_picture.is_ours(ours) and not explanation_picture.is_ours(other)
