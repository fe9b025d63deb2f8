from dataclasses import replace

import numpy as np
import pytest

from segue_models.cuts.cut_rule import phrases
from segue_models.rendering import arrange
from segue_models.rendering.score import read


@pytest.fixture
def undrummed(monkeypatch):
    """Arrangements without drums, which test_drums.py covers and which take most of the time."""
    monkeypatch.setattr(arrange.drums, "accompany", lambda *_: np.empty((0, 4)))


def sounding_at(table, t):
    return table[(table[:, 0] <= t + 0.06) & (table[:, 1] > t + 0.06)]


def test_the_bass_plays_the_chord_s_bass_on_its_first_beat(data):
    score = read(data / "pop909", "003")
    held = [c for c in score.chords if c.end - c.start > 0.5]
    for seed in range(4):
        line = arrange._bass(score, np.random.default_rng(seed))
        below = [sounding_at(line, c.start) for c in held]
        right = [len(notes) and int(notes[-1, 2]) % 12 == c.bass for notes, c in zip(below, held, strict=True)]
        assert np.mean(right) > 0.9
        assert line[:, 2].min() >= 24 and line[:, 2].max() < 60


def test_answers_fill_the_gaps_of_the_melody_only(data):
    score = read(data / "pop909", "571")
    licks = arrange.answers_of(score, np.random.default_rng(0))
    spans = phrases(score.melody[:, :2], score.grid)
    assert len(licks) > 5
    for start, end, *_ in licks:
        assert not np.any((start < spans[:, 1] - 0.01) & (end > spans[:, 0] + 0.01))


def test_a_harmony_is_below_the_melody_and_in_time_with_it(data):
    score = read(data / "pop909", "053")
    second = arrange.harmony(score, np.random.default_rng(1))
    assert 0 < len(second) < len(score.melody)
    for row in second:
        lead = score.melody[np.argmin(np.abs(score.melody[:, 0] - row[0]))]
        assert lead[0] == row[0] and 3 <= lead[2] - row[2] <= 12


def test_winds_answer_singers_only(data, undrummed):
    score = read(data / "pop909", "571")

    def programs(sung):
        seeds = map(np.random.default_rng, range(20))
        return {part.program for rng in seeds for part in arrange.arrange(score, data, rng, sung).answers}

    assert programs(False) <= set(arrange._PLUCKED)
    assert programs(True) - set(arrange._PLUCKED)


def test_songs_differ_and_the_same_seed_does_not(data, undrummed):
    score = read(data / "pop909", "003")
    a, b, c = (arrange.arrange(score, data, np.random.default_rng(s), True) for s in (5, 5, 6))
    assert [p.program for p in a.parts] == [p.program for p in b.parts]
    assert all(np.array_equal(x.notes, y.notes) for x, y in zip(a.parts, b.parts, strict=True))
    assert [p.program for p in a.parts] != [p.program for p in c.parts]


def test_a_score_without_second_voice_can_be_arranged(data, undrummed):
    score = replace(read(data / "pop909", "003"), bridge=np.empty((0, 4)))
    for seed in range(6):
        parts = arrange.arrange(score, data, np.random.default_rng(seed), True).parts
        assert parts and all(np.all(p.notes[:, 1] > p.notes[:, 0]) for p in parts)
