import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from segue_models.features import mel
from segue_models.sections import segmentation
from segue_models.serving.inference import Network
from segue_models.signal.frames import BeatGrid
from segue_models.signal.front_end import front_end

RATE, BAR = 44100, 2.0


@pytest.fixture(scope="module")
def even():
    """32 bars that are all alike: audio, front and grid."""
    t = np.arange(round(BAR * RATE)) / RATE
    mono = np.tile(0.2 * np.sin(2 * np.pi * 220 * t) * np.exp(-(t % 0.5) / 0.2), 32).astype(np.float32)
    return mono, front_end(mono), BeatGrid(np.arange(128) * BAR / 4, np.arange(128) % 4 + 1)


def covers(parts, duration):
    assert parts[0].start == 0.0 and parts[-1].end == pytest.approx(duration)
    assert all(one.end == two.start for one, two in itertools.pairwise(parts))


def curve(front, at_s, value=0.9):
    times = mel.row_times(round(front.duration * mel.ROW_FPS))
    return np.where(np.min(np.abs(times[:, None] - np.array(at_s)), axis=1) < 0.3, value, 0.01)


def test_boundaries_the_network_hears_are_set_on_their_downbeats(even):
    _, front, grid = even
    parts = segmentation.divide(front, grid, curve(front, [16.2, 31.9, 40.1]))
    covers(parts, front.duration)
    assert [part.start for part in parts] == [0.0, 16.0, 32.0, 40.0]
    assert {part.label for part in parts} == {"A"}  # the same music all along


def test_a_network_that_hears_nothing_divides_nothing_that_does_not_change(even):
    _, front, grid = even
    parts = segmentation.divide(front, grid, np.full(460, 1e-3))
    covers(parts, front.duration)
    assert len(parts) <= 4


def test_no_bar_is_one_section():
    front = front_end(np.zeros(2 * RATE, np.float32))
    parts = segmentation.divide(front, BeatGrid(np.array([0.5, 1.0]), np.array([2, 3])), np.zeros(14))
    covers(parts, front.duration)
    assert [part.label for part in parts] == ["A"]


def test_the_curve_asks_the_network_for_each_row_of_the_song_once(even):
    mono = even[0]
    asked = []

    def run(names, inputs, options):
        x = inputs["excerpt"]
        asked.append(len(x))
        return [0.5 + np.stack([x[:, 57, 0], -x[:, 57, 0]], axis=1) / 100]

    card = SimpleNamespace(
        name="fake", version="1", mean=np.zeros(80), std=np.ones(80), layout="excerpt", context_cells=115,
        outputs=("section", "phrase"), feature={"name": "mel"},
    )  # fmt: skip
    heard = segmentation.curve(Network(card, SimpleNamespace(run=run), "CPU"), mono)
    features = mel.extract(mono)
    assert heard == pytest.approx(0.5 - features[57:-57, 0] / 100)
    assert max(asked) <= segmentation.BATCH_ROWS and sum(asked) == len(features) - 114
