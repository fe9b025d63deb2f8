import numpy as np
import pytest

from segue_models.cuts import section_entry
from segue_models.signal.frames import BeatGrid

K = 4  # rows a beat
GRID = BeatGrid(np.arange(64) * 0.5, np.arange(64) % 4 + 1)


def test_a_rest_is_the_stillest_eight_beats_around():
    lead = np.ones(64 * K)
    lead[20 * K : 28 * K] = 0.0
    at = np.array([8, 16, 20, 24, 28, 32, 40])
    assert section_entry.resting(lead, at * K, K) == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 0], abs=0.01)


def test_at_the_ends_of_a_song_what_there_is_counts():
    lead = np.zeros(64 * K)
    assert section_entry.resting(lead, np.array([0, 1, 64 * K - 1]), K).tolist() == [1, 1, 1]
    lead[:2] = 1.0
    assert section_entry.resting(lead, np.array([0]), K)[0] == pytest.approx(1 - 2 / 32)


@pytest.mark.parametrize(("beats", "turn"), [(13.7, False), (13.8, True), (16.0, True), (16.2, True), (16.3, False)])
def test_a_turn_is_two_beats_off_at_most(beats, turn):
    assert section_entry.turning(GRID, np.array([beats / 2]), np.array([0.0, 8.0])).tolist() == [turn]


def test_a_song_of_one_section_turns_nowhere():
    assert section_entry.turning(GRID, np.array([0.0, 1.0]), np.array([0.0])).tolist() == [False, False]


def test_an_entry_is_where_the_lead_begins_or_nobody_leads_and_a_section_begins():
    entry, yes, no = np.array([0.5]), np.ones(1, bool), np.zeros(1, bool)
    still, led = np.ones(1), np.zeros(1)
    best, weak, middle, sung = (
        float(section_entry.likely(entry, rest, turn, bar)[0])
        for rest, turn, bar in ((still, yes, yes), (still, yes, no), (still, no, no), (led, no, no))
    )
    assert 0.5 <= sung < middle < 0.56 < weak < best < 1
    assert section_entry.likely(np.ones(1), led, no, no)[0] == 1  # never less than what the network says
