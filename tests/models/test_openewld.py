from collections import Counter

import numpy as np
import pytest

from segue_models.corpora import openewld
from segue_models.rendering.notes import START


@pytest.fixture(scope="module")
def archive(data):
    return data / "openewld" / "openewld_mxl.zip"


def test_the_songs_and_their_sides_are_fixed(archive):
    names = openewld.chosen(archive)
    steady = Counter(openewld.kind(n).split()[0] for n in names if "-constant-" in n)
    assert steady == {"3/4": 78, "4/4": 120, "2/2": 40, "2/4": 16, "6/8": 12}
    assert len(names) == len(set(names)) == 266 + 198
    sides = {}
    for name in names:
        sides.setdefault(name.split("-")[2], set()).add(openewld.split(name))
    assert all(len(side) == 1 for side in sides.values())
    # Frozen: a sheet that changes sides makes every earlier figure worthless.
    assert list(sides)[:3] == ["Joy_to_the_World", "Nevertheless_I_m_in_Love_with_You", "Ain_t_Misbehavin"]


def test_beats_of_the_score_are_where_notes_begin(archive):
    """Most notes of a song begin on its beats, or on halves of them, wherever its tempo goes."""
    for sheet, moves in (("Daisy_Bell_Bicycle_Built_for_Two", "jumps"), ("Auld_Lang_Syne", "rubato")):
        score, metre = openewld.score(archive, sheet)
        song = openewld.played(score, metre.quarters, 110.0, moves, 60.0, np.random.default_rng(1))
        assert song.grid.times[-1] < 58 and song.grid.beats_per_bar == metre.beats
        phase = song.grid.phase(song.melody[:, START]) * 2 % 1
        assert np.mean(np.minimum(phase, 1 - phase) < 1e-6) > 0.95
        assert np.diff(song.grid.times).std() > 0.02


def test_a_song_is_heard_on_its_beats_and_the_same_every_time(archive, late_ms):
    name = "3_4-constant-My_Gal_Sal"
    track, audio = openewld.make(archive, 20.0, name)
    assert track.trainable and track.grid.times[-1] < 18 < len(audio) / 44100
    assert np.array_equal(audio, openewld.make(archive, 20.0, name)[1])
    assert abs(late_ms(audio, track.grid.times[1:-1])) <= 30
