from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from segue_models.evaluation import boundaries
from segue_models.features import mel
from segue_models.sections.bar_novelty import Section
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

REFERENCE = np.array([0.0, 10.0, 20.0, 32.0, 40.0])
FOUND = np.array([0.0, 10.4, 19.0, 25.0, 32.6, 40.0])


@pytest.mark.parametrize(
    ("window", "trim", "expected"),
    [
        (0.5, False, (0.5, 0.6, 0.54545)),
        (0.5, True, (0.25, 0.33333, 0.28571)),
        (3.0, False, (0.83333, 1.0, 0.90909)),
        (3.0, True, (0.75, 1.0, 0.85714)),
    ],
)
def test_hit_rates_of_the_specification(window, trim, expected):
    assert boundaries.hit_rate(REFERENCE, FOUND, window, trim) == pytest.approx(expected, abs=1e-5)


def test_beta_of_the_specification():
    assert boundaries.hit_rate(REFERENCE, FOUND, 0.5, False, 0.58)[2] == pytest.approx(0.52190, abs=1e-5)


def track(sections, labels):
    return Track("s", "c", "s", "MIT", Path(), np.empty((0, 2)), sections=np.array(sections), section_labels=labels)


def test_the_first_phrase_is_the_start_of_the_song():
    edges, names = boundaries.truth(track([0.8, 12.0, 23.0], ("b", "A", "A")), 40.0)
    assert edges.tolist() == [0.0, 12.0, 23.0, 40.0] and names == ["b", "A", "A"]
    edges, names = boundaries.truth(track([8.0, 12.0], ("A", "B")), 40.0)
    assert edges.tolist() == [0.0, 8.0, 12.0, 40.0] and names == ["", "A", "B"]


def test_names_are_judged_by_who_is_alike_and_a_variant_counts_as_its_letter():
    edges = np.array([0.0, 10.0, 20.0, 30.0])
    assert boundaries.same_names((edges, ["A", "B", "A"]), (edges, ["X", "Y", "X'"])) == pytest.approx(1.0)
    assert boundaries.same_names((edges, ["A", "B", "A"]), (edges, ["X", "X", "Y"])) < 0.6


def test_every_eighth_bar():
    grid = BeatGrid(np.arange(128) * 0.5, np.arange(128) % 4 + 1)
    assert boundaries.every_eight_bars(grid, 64.0).tolist() == [0.0, 16.0, 32.0, 48.0, 64.0]
    assert boundaries.every_eight_bars(None, 64.0).tolist() == [0.0, 64.0]


def song(truth_rows, loud_rows):
    """40 s whose curve peaks at `loud_rows`, annotated at `truth_rows`."""
    times = mel.row_times(287)
    curve = np.full(287, 0.05)
    curve[loud_rows[0]], curve[loud_rows[1]] = 0.9, 0.3
    parts = [Section(0.0, times[truth_rows[0]], "A"), Section(times[truth_rows[0]], 40.0, "B")]
    marked = track(list(times[truth_rows]), ("A", "B")[: len(truth_rows)])
    return boundaries.Song(marked, SimpleNamespace(duration=40.0), None, curve, parts)


def test_the_threshold_is_the_one_that_keeps_the_true_peak_only():
    heard = song([90], [90, 200])
    marked = boundaries.truth(heard.track, 40.0)[0], heard.curve
    threshold = boundaries.tuned([marked], 0.5)
    assert 0.2 < threshold < 0.9
    assert len(boundaries.picked(heard.curve, threshold, 40.0)) == 3
    assert boundaries.peaks_hit(marked, threshold, 0.5).tolist() == [1.0, 1.0, 1.0]
    assert boundaries.peaks_hit(marked, 0.1, 0.5)[:2].tolist() == [0.5, 1.0]


def test_the_table_has_a_line_for_each_system():
    lines = boundaries.report([song([90], [90, 200])], [0.5, 0.5]).splitlines()
    assert [line[:14].strip() for line in lines[2:]] == [
        "peaks >= 0.50", "on downbeats", "without networ", "every 8 bars", "... true bars",
    ]  # fmt: skip
    assert lines[2].split()[3] == "1.000" and lines[4].split()[2] == "0.000"
