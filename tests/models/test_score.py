import numpy as np
import pytest

from segue_models.rendering.notes import notes
from segue_models.rendering.score import Chord, Score, parse_chord, read, songs
from segue_models.signal.frames import BeatGrid


@pytest.mark.parametrize(
    ("name", "tones", "bass"),
    [
        ("C:maj", {0, 4, 7}, 0),
        ("Bb:min7", {10, 1, 5, 8}, 10),
        ("F#:maj/3", {6, 10, 1}, 10),
        ("Eb:min/b3", {3, 6, 10}, 6),
        ("G:sus4(b7)", {7, 0, 2, 5}, 7),
        ("A:7/b7", {9, 1, 4, 7}, 7),
    ],
)
def test_chords_spelled_by_hand(name, tones, bass):
    found = parse_chord(name)
    assert found is not None and set(found[0]) == tones and found[1] == bass


def test_no_chord():
    assert parse_chord("N") is None


SCORE = Score(
    melody=notes([(1.0, 1.5, 60, 90), (3.9, 4.6, 64, 90)]),
    bridge=notes([]),
    piano=notes([(0.0, 4.0, 48, 80), (4.0, 8.0, 50, 80)]),
    chords=(Chord(0.0, 4.0, (0, 4, 7), 0), Chord(4.0, 8.0, (2, 5, 9), 2)),
    grid=BeatGrid(np.arange(8.0), np.tile([1, 2, 3, 4], 2)),
    sections=np.array([0.0, 4.0]),
    labels=("A", "b"),
)


def test_retimed_moves_everything_alike():
    out = SCORE.retimed(lambda t: t / 2 + 1, transpose=3)
    assert out.melody[0].tolist() == [1.5, 1.75, 63, 90]
    assert out.grid.times[2] == 2.0 and out.sections.tolist() == [1.0, 3.0]
    assert out.chords[1] == Chord(3.0, 5.0, (5, 8, 0), 5)


def test_an_excerpt_holds_its_beats_only():
    out = SCORE.excerpt(4, 8)
    assert out.grid.times.tolist() == [4.0, 5.0, 6.0, 7.0] and out.grid.positions[0] == 1
    assert out.sections.tolist() == [4.0] and out.labels == ("b",)
    assert len(out.piano) == 1 and out.chords == (SCORE.chords[1],)
    assert len(out.melody) == 0  # the note that sounds across the edge began outside


def test_phrases_of_real_songs_start_on_downbeats(data):
    names = songs(data / "pop909")
    assert len(names) == 573
    for song in names[::150]:
        score = read(data / "pop909", song)
        _, beat = score.grid.bar_and_beat(score.sections)
        assert np.mean(np.abs(beat - 1) < 0.15) >= 0.9
        assert len(score.melody) > 100 and len(score.chords) > 20
