from dataclasses import replace

import numpy as np
import pytest

from segue_models.signal.frames import FPS, BeatGrid
from segue_models.signal.front_end import FrontEnd
from segue_models.transitions import pairs
from segue_models.transitions.pairs import Cuts, best_of_each, context

GRID = BeatGrid(np.arange(128) * 0.5, np.tile([1, 2, 3, 4], 32))


def song(chords):
    """A front end that heard one chord (pitch class) in each bar of two seconds."""
    frames = round(2 * len(chords) * FPS)
    bar = np.minimum((np.arange(frames) / FPS / 2).astype(int), len(chords) - 1)
    chroma = np.zeros((frames, 12), np.float32)
    chroma[np.arange(frames), np.array(chords)[bar]] = 1.0
    timbre = np.zeros((frames, 13), np.float32)
    zero = np.zeros(frames, np.float32)
    return FrontEnd(np.zeros((frames, 75), np.float32), zero, zero, chroma, timbre, zero)


def test_silence_in_a_song_does_not_change_what_sounds_alike():
    """The mean timbre, which every sound is compared with, is that of the music."""
    rng = np.random.default_rng(0)
    music, times = song([0, 5, 7, 0] * 8), np.arange(4.0, 60.0, 2.0)
    timbre = rng.normal(1.0, 1.0, (len(music.rms), 13)).astype(np.float32)
    paused = np.concatenate([timbre, np.zeros((1000, 13), np.float32)])
    quiet = np.full((1000, 75), -9.0, np.float32)
    chroma = np.concatenate([music.chroma, np.zeros((1000, 12), np.float32)])
    zero = np.zeros(len(paused), np.float32)
    longer = FrontEnd(np.concatenate([music.gammatone, quiet]), zero, zero, chroma, paused, zero)
    short = FrontEnd(music.gammatone, music.rms, music.rms, music.chroma, timbre, music.rms)
    assert np.allclose(context(times, longer, GRID), context(times, short, GRID), atol=0.02)


def between(exits, exit_scores, entries, entry_scores, front, grid, limit):
    sides = (
        pairs.cuts(times, scores, front, grid) for times, scores in ((exits, exit_scores), (entries, entry_scores))
    )
    return pairs.between(*sides, grid, limit)


def test_only_the_same_place_in_the_bar_is_joined():
    front = song([0] * 32)
    exits, entries = np.array([16.0, 16.5, 17.1]), np.array([32.0, 40.5, 41.02])
    joined = between(exits, np.ones(3), entries, np.ones(3), front, GRID, 10)
    assert {(p.exit, p.entry) for p in joined} == {(0, 0), (1, 1)}  # 1.02 s is 0.16 beat off 1.1 s


def test_short_jumps_are_left_out():
    joined = between(np.array([16.0]), np.ones(1), np.array([16.0, 18.0, 20.0]), np.ones(3), song([0] * 32), GRID, 10)
    assert [p.entry for p in joined] == [2]


def test_music_that_goes_on_alike_ranks_first():
    chords = [0, 5, 7, 0] * 4 + [1, 6, 8, 0] * 2 + [0, 5, 7, 0] * 2
    exits, entries = np.array([8.0]), np.array([32.0, 48.0])  # bar 5 goes on with 0; bar 17 with 1, bar 25 with 0
    joined = between(exits, np.ones(1), entries, np.ones(2), song(chords), GRID, 10)
    assert [p.entry for p in joined] == [1, 0]
    assert joined[0].score > joined[1].score + 0.1


def test_a_transition_is_no_better_than_its_cuts_and_the_list_is_limited():
    exits, entries = np.arange(8) * 2.0 + 4, np.arange(8) * 2.0 + 34
    joined = between(exits, np.full(8, 0.6), entries, np.full(8, 0.9), song([0] * 32), GRID, 5)
    assert len(joined) == 5
    assert all(0 < p.score <= 0.54 + 1e-9 for p in joined)
    assert [p.score for p in joined] == sorted((p.score for p in joined), reverse=True)


def test_without_exits_or_entries_there_is_none():
    none = np.array([])
    assert between(none, none, np.array([1.0]), np.ones(1), song([0] * 4), GRID, 5) == []
    assert between(np.array([1.0]), np.ones(1), none, none, song([0] * 4), GRID, 5) == []


def test_a_cut_is_good_for_what_it_is_and_what_its_best_transition_is():
    exits, entries = np.array([16.0, 16.5, 18.0]), np.array([32.0, 48.0, 50.9])
    front = song([0] * 32)
    cuts = (
        pairs.cuts(times, scores, front, GRID)
        for times, scores in ((exits, np.array([0.6, 0.9, 0.5])), (entries, np.array([0.8, 0.7, 0.9])))
    )
    left, joined = best_of_each(*cuts, GRID)
    assert np.allclose(left, [0.48, 0.0, 0.4])  # 16.5 s is a beat later in its bar
    assert np.allclose(joined, [0.48, 0.42, 0.0])


def test_without_any_partner_there_is_no_best():
    alone = Cuts(np.array([4.0, 8.0]), np.array([0.4, 0.8]), np.zeros((2, 2, 25)), np.zeros((2, 2)))
    none = Cuts(np.array([]), np.array([]), np.zeros((0, 2, 25)), np.zeros((0, 2)))
    left, joined = best_of_each(alone, none, GRID)
    assert left.tolist() == [0.0, 0.0] and len(joined) == 0


def test_where_all_music_is_alike_the_score_is_that_of_both_cuts():
    (pair,) = between(np.array([16.0]), np.array([0.6]), np.array([32.0]), np.array([0.9]), song([0] * 32), GRID, 5)
    assert abs(pair.score - 0.54) < 1e-6


def test_where_nothing_is_alike_it_is_half_of_that():
    chords = [0] * 8 + [6] * 24
    (pair,) = between(np.array([8.0]), np.array([0.6]), np.array([32.0]), np.array([0.9]), song(chords), GRID, 5)
    assert abs(pair.score - 0.27) < 1e-6


def test_what_was_heard_before_counts_as_much_as_what_comes():
    """Bar 5 is 0 behind 7; bar 17 is 0 behind 3, bar 25 is 3 behind 7, and bar 29 is 3 behind 3."""
    chords = [0] * 3 + [7] + [0] * 11 + [3] + [0] * 7 + [7, 3, 0, 0, 3] + [3] * 4
    exits, entries = np.array([8.0]), np.array([32.0, 48.0, 56.0])
    scores = {p.entry: p.score for p in between(exits, np.ones(1), entries, np.ones(3), song(chords), GRID, 5)}
    assert abs(scores[0] - 0.75) < 0.02 and abs(scores[1] - 0.75) < 0.02 and abs(scores[2] - 0.5) < 0.02


def test_an_eighth_of_a_beat_is_the_same_place_in_the_bar_and_no_more():
    entries = np.array([32.062, 32.063, 35.938, 35.937])  # a beat is 0.5 s
    joined = between(np.array([16.0]), np.ones(1), entries, np.ones(4), song([0] * 32), GRID, 10)
    assert sorted(p.entry for p in joined) == [0, 2]


def test_an_exit_has_four_transitions_at_most():
    entries = np.arange(8) * 2.0 + 34
    joined = between(np.array([4.0]), np.ones(1), entries, np.arange(1, 9) / 8, song([0] * 32), GRID, 10)
    assert [p.entry for p in joined] == [7, 6, 5, 4]


def test_where_the_metre_changes_the_place_counts_from_the_bar_line_and_to_it():
    bars = [4] * 5 + [3] * 8
    grid = BeatGrid(np.arange(44.0), np.concatenate([np.arange(1, bar + 1) for bar in bars]), 3)
    exits, entries = np.array([6.0, 7.95]), np.array([22.0, 25.0, 26.02])  # beats 3 and 4.95 of 4; 3, 3 and 1.02 of 3
    joined = between(exits, np.ones(2), entries, np.ones(3), song([0] * 32), grid, 10)
    assert {(p.exit, p.entry) for p in joined} == {(0, 0), (0, 1), (1, 2)}


def test_a_join_that_steps_by_six_decibels_is_half_as_good():
    exits, entries = np.array([16.0]), np.array([32.0, 48.0])
    music = song([0] * 32)
    rms = np.full_like(music.rms, 0.1)
    rms[round(40 * FPS) :] *= 10 ** (-6 / 20)
    joined = between(exits, np.ones(1), entries, np.ones(2), replace(music, rms=rms), GRID, 10)
    assert [p.entry for p in joined] == [0, 1]
    assert joined[1].score == pytest.approx(joined[0].score / 2, rel=0.02)


def test_levels_are_of_two_beats_on_either_side_and_silence_has_one():
    music = song([0] * 32)
    rms = np.zeros_like(music.rms)
    rms[round(10 * FPS) : round(20 * FPS)] = 0.1
    found = pairs.levels(np.array([10.0, 15.0, 30.0]), replace(music, rms=rms), GRID)
    assert found == pytest.approx(np.array([[-60, -20], [-20, -20], [-60, -60]]), abs=0.5)
