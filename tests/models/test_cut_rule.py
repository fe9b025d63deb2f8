import numpy as np
import pytest

from segue_models.cuts.cut_rule import cuts, in_window, label, phrases, unphrased_spans
from segue_models.signal.frames import BeatGrid

# 60 BPM, so that one beat is one second; two phrases: 4 to 8 (a rest of 0.5 beat inside) and 12 to 14.
GRID = BeatGrid(np.arange(32.0), np.tile([1, 2, 3, 4], 8))
LEAD = np.array([[4.0, 5.5], [6.0, 8.0], [12.0, 13.0], [13.0, 14.0]])


def test_rests_under_three_quarters_of_a_beat_do_not_end_a_phrase():
    assert phrases(LEAD, GRID).tolist() == [[4.0, 8.0], [12.0, 14.0]]
    wider = np.array([[4.0, 5.25], [6.0, 8.0]])
    assert len(phrases(wider, GRID)) == 2
    longer = np.array([[4.0, 5.5], [6.0, 8.0]])
    # The same rest is short at 60 BPM and long at 120 BPM: an editor counts in beats.
    assert len(phrases(longer, GRID)) == 1
    assert len(phrases(longer, None)) == 2
    assert phrases(np.array([[6.0, 8.0], [4.0, 7.0], [7.5, 7.6]]), GRID).tolist() == [[4.0, 8.0]]  # overlaps, any order


@pytest.mark.parametrize(
    ("onset", "entry", "exit_"),
    [
        (0.0, False, True),  # long before the voice: nothing to interrupt, nothing about to begin
        (2.0, True, True),  # two beats before the phrase: its pick-up may still be played
        (1.96, False, True),  # a little more than two beats, and more than the tolerance
        (3.5, True, False),  # an exit here would cut into what leads to the phrase
        (4.0, True, False),  # on the phrase's first note
        (4.02, True, False),  # as good as on it
        (4.2, False, False),  # in its first note
        (5.7, False, False),  # the breath inside a phrase is no place to cut
        (7.0, False, False),
        (7.98, False, True),  # the phrase ends within the tolerance
        (8.0, False, True),
        (10.0, True, True),
        (11.25, True, True),  # exactly three quarters of a beat left
        (11.3, True, False),
        (14.0, False, True),  # nothing follows: an exit, never an entry
        (30.0, False, True),
    ],
)
def test_the_rule_as_an_editor_would_mark_it(onset, entry, exit_):
    found = label([onset], LEAD, GRID)
    assert (bool(found[0][0]), bool(found[1][0])) == (entry, exit_)


@pytest.mark.parametrize(
    ("onset", "entry"),
    [
        (17.9, False),  # more than two beats and the tolerance before the turn at 20
        (18.0, True),
        (20.0, True),
        (20.02, True),  # as good as on it
        (20.1, False),
        (8.9, False),  # a turn at 9, but the lead rests for four beats only
        (0.0, True),  # the song begins with a turn, four beats and no end before the first phrase
        (13.0, False),  # a turn inside a phrase is none
    ],
)
def test_where_nobody_leads_a_turn_is_entered(onset, entry):
    turns = [9.0, 0.0, 13.5, 20.0]
    found = label([onset], LEAD, GRID, turns)
    assert bool(found[0][0]) == entry and bool(found[1][0]) == bool(label([onset], LEAD, GRID)[1][0])


def test_the_rest_of_a_turn_is_eight_beats_at_least():
    for rest, entry in ((8.0, True), (7.9, False)):
        lead = np.array([[4.0, 6.0], [6.0 + rest, 20.0]])
        assert label([9.0], lead, GRID, [10.0])[0].tolist() == [entry]


def test_a_turn_is_not_entered_while_a_phrase_sounds():
    assert label([13.9, 14.0], np.array([[4.0, 14.0]]), GRID, [14.5])[0].tolist() == [False, True]


def brute_force(t, lead, beat):
    """The rule once more, word for word and note by note."""
    spans = []
    for start, end in sorted(map(tuple, lead)):
        if spans and (start - spans[-1][1]) / beat < 0.75 - 1e-9:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])
    sounding = any(a <= t < b - 0.03 for a, b in spans)
    at_start = [a for a, b in spans if a <= t <= a + 0.03]
    later = at_start or [a for a, _ in spans if a > t]
    entry = (not sounding or bool(at_start)) and bool(later) and (later[0] - 0.03 - t) / beat <= 2
    exit_ = not sounding and not at_start and (not later or (later[0] - t) / beat >= 0.75 - 1e-9)
    return entry, exit_


def test_agrees_with_a_word_for_word_implementation_on_random_songs():
    rng = np.random.default_rng(0)
    for _ in range(200):
        starts = np.sort(rng.uniform(0, 30, 12))
        lead = np.stack([starts, starts + rng.uniform(0.05, 2.0, 12)], axis=1)
        onsets = np.sort(np.concatenate([rng.uniform(0, 32, 40), starts, lead[:, 1], starts - 0.02]))
        beat = float(rng.uniform(0.3, 0.9))
        grid = BeatGrid(np.arange(80) * beat, np.tile([1, 2, 3, 4], 20))
        entries, exits = label(onsets, lead, grid)
        expected = [brute_force(t, lead, beat) for t in onsets]
        assert [(bool(a), bool(b)) for a, b in zip(entries, exits, strict=True)] == expected


def test_a_song_without_a_lead_has_exits_and_is_entered_at_turns():
    entries, exits = label([1.0, 2.0], np.empty((0, 2)), GRID)
    assert not entries.any() and exits.all()
    assert label([1.0, 2.0], np.empty((0, 2)), GRID, [2.0])[0].tolist() == [True, True]
    assert label([1.0, 2.0], np.empty((0, 2)), GRID, [4.0])[0].tolist() == [False, True]


def test_candidate_windows_of_the_specification():
    grid = BeatGrid(np.arange(120) * 0.5, np.tile([1, 2, 3, 4], 30))
    onsets = [15.99, 16.00, 22.00, 22.01]  # a boundary at 20.0 s: 8 beats before to 4 after, inclusive
    assert in_window(onsets, grid, [20.0]).tolist() == [False, True, True, False]
    assert in_window(onsets, None, [20.0]).tolist() == [False, True, True, False]  # the nominal beat is 0.5 s


def test_cuts_are_the_candidates_that_are_an_entry_or_an_exit():
    found = cuts([0.0, 2.0, 7.0, 8.0, 10.0, 25.0], LEAD, GRID, [10.0])
    assert found == [(2.0, True, True), (8.0, False, True), (10.0, True, True)]


def test_who_sings_longer_than_32_beats_without_a_rest_of_three_quarters_is_a_bed():
    notes = np.arange(40.0)
    lead = np.stack([notes, notes + 0.4], axis=1)
    assert unphrased_spans(lead, GRID).tolist() == [[0.0, 39.4]]
    assert [len(unphrased_spans(lead[:n], GRID)) for n in (33, 32)] == [1, 0]  # 32.4 and 31.4 beats
    assert not len(unphrased_spans(np.delete(lead, 20, axis=0), GRID))  # a rest of 1.6 beats in the middle
    assert not len(unphrased_spans(np.empty((0, 2)), GRID))


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="start and end"):
        phrases(np.arange(3.0), GRID)
