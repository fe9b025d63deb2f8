from itertools import pairwise

import numpy as np
import pytest

from segue_models.rendering import chamber
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import END, PITCH, START
from segue_models.rendering.score import Chord, Score
from segue_models.signal.frames import BeatGrid


def song(metre=3, bars=8, pick_up=1):
    """A beat a second; C and G in turn, a bar each, from the first bar line on."""
    count = pick_up + bars * metre
    grid = BeatGrid(np.arange(count, dtype=float), (np.arange(count) - pick_up) % metre + 1, metre)
    lines = pick_up + np.arange(bars + 1) * metre
    chords = [
        Chord(float(a), float(b), *((0, 4, 7), 0) if i % 2 == 0 else ((7, 11, 2), 7))
        for i, (a, b) in enumerate(pairwise(lines))
    ]
    melody = np.column_stack([lines[:-1], lines[1:] - 0.1, np.full(bars, 72.0), np.full(bars, 90.0)]).astype(float)
    empty = np.empty((0, 4))
    return Score(melody, empty, empty, tuple(chords), grid, np.empty(0), ())


def starts(figure, parts, strong, seed=0, **of):
    table = chamber.chords(song(**of), figure, parts, strong, np.random.default_rng(seed))
    return set(table[:, START].round(6).tolist())


def test_a_waltz_has_its_bass_on_one_and_its_chords_on_two_and_three():
    score = song()
    bass = chamber.bass(score, (0,), np.random.default_rng(0))
    assert bass[:, START].tolist() == [1, 4, 7, 10, 13, 16, 19, 22]
    assert (bass[:, PITCH] % 12).tolist() == [0, 7] * 4
    assert starts("oompah", 2, (0,)) == {t for t in range(2, 25) if (t - 1) % 3}


def test_where_every_beat_is_strong_the_chords_come_between():
    assert starts("oompah", 3, (0, 1), metre=2, pick_up=0) == {round(b + p / 3, 6) for b in range(16) for p in (1, 2)}


def test_blocks_are_on_the_beats_and_arpeggios_on_their_parts():
    assert starts("blocks", 2, (0,)) == set(range(1, 25))
    assert starts("arpeggio", 2, (0,)) == set(np.arange(1, 25, 0.5))


def test_an_arpeggio_begins_anew_where_a_group_of_beats_does():
    table = chamber.chords(song(metre=5, pick_up=0), "arpeggio", 1, (0, 3), np.random.default_rng(0))
    first = table[table[:, START] == 0][0, PITCH]
    assert table[table[:, START] == 3][0, PITCH] == first != table[table[:, START] == 2][0, PITCH]


@pytest.mark.parametrize("seed", range(6))
def test_held_chords_begin_with_their_chord(seed):
    score = song()
    table = chamber.chords(score, "held", 2, (0,), np.random.default_rng(seed))
    assert set(table[:, START]) == {c.start for c in score.chords}
    assert (table[:, END] <= table[:, START] + 3).all()


def test_a_swell_grows_through_each_chord():
    flat = np.ones(4 * 44100, dtype=np.float32)
    level = envelope(chamber.swelling(flat, np.array([0.0, 2.0])))
    assert level[5] < 0.15 and level[195] > 0.9 and level[205] < 0.15 and level[390] > 0.9
    assert np.argmax(level[:200]) > 190


def test_a_song_lasts_as_long_as_its_beats_and_is_heard_on_them():
    score = song(bars=4)
    audio = chamber.play(score, 2, (0,), np.random.default_rng(3))
    assert len(audio) == (13 + 2) * 44100 and 0.5 < np.abs(audio).max() <= 1
    assert np.array_equal(audio, chamber.play(score, 2, (0,), np.random.default_rng(3)))
    silence, music = audio[: round(0.9 * 44100)], audio[round(1.5 * 44100) : 12 * 44100]
    assert np.abs(silence).max() < 0.05 * np.abs(music).max()
