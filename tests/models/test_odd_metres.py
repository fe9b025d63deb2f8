from collections import Counter

import numpy as np
import pytest

from segue_models.corpora import odd_metres, openewld
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import PITCH, START
from segue_models.rendering.score import Chord

CHORDS = (Chord(0.0, 4.0, (0, 4, 7), 0), Chord(4.0, 8.0, (5, 9, 0), 5))


def steady(bars):
    return odd_metres.counted(bars, np.arange(1000, dtype=float))


def test_twenty_songs_of_each_kind_on_three_sides():
    names = odd_metres.chosen()
    assert Counter(map(odd_metres.kind, names)) == {
        f"{m} {d}": 20 for m in odd_metres.METRES for d in ("drums", "plain")
    }
    assert Counter(map(odd_metres.split, names)) == {"train": 100, "validation": 20, "test": 80}


@pytest.mark.parametrize("metre", ["5/4", "7/8", "6/8", "3/4"])
def test_groups_make_up_the_bar_and_notes_begin_with_them(metre):
    groupings, parts, *_ = odd_metres.METRES[metre]
    above = int(metre.split("/")[0])
    for groups in groupings:
        beats = sum(groups)
        assert beats == (above // 3 if metre == "6/8" else above)
        bars = [groups] * 8
        made = odd_metres.song(CHORDS, steady(bars), bars, parts, np.random.default_rng(2))
        begun = set(made.melody[:, START].round(6))
        lines = np.arange(8) * beats
        assert {float(line + at) for line in lines for at in odd_metres.begins(groups)} <= begun
        assert all((t * parts) % 1 < 1e-5 or (t * parts) % 1 > 1 - 1e-5 for t in begun)
        assert {c.start for c in made.chords} == set(lines.astype(float))


def test_changing_metres_take_turns_of_eight_bars():
    bars = odd_metres.written([(4,), (3,)], 80)
    grid = steady(bars)
    assert bars == [(4,)] * 8 + [(3,)] * 8 + [(4,)] * 6 and grid.beats_per_bar == 4
    lines = [*range(0, 32, 4), *range(32, 56, 3), *range(56, 80, 4)]
    assert np.flatnonzero(grid.positions == 1).tolist() == lines
    made = odd_metres.song(CHORDS, grid, bars, 2, np.random.default_rng(0))
    assert [c.start for c in made.chords] == lines and set(lines) <= set(made.melody[:, START].tolist())
    hits = odd_metres.drums(grid, bars, 2)
    assert hits[hits[:, PITCH] == 36][:, START].tolist() == lines


def test_a_chord_lasts_a_bar_or_two_and_the_melody_has_its_tones():
    made = odd_metres.song(CHORDS, steady([(3, 2)] * 8), [(3, 2)] * 8, 2, np.random.default_rng(0))
    for start, _, pitch, _ in made.melody:
        assert int(pitch) % 12 in next(c for c in made.chords if c.start <= start < c.end).tones


def test_the_bass_drum_opens_the_bar_and_the_snare_its_other_groups():
    hits = odd_metres.drums(steady([(2, 2, 3)] * 2), [(2, 2, 3)] * 2, 1)
    at = {pitch: hits[hits[:, PITCH] == pitch][:, START].tolist() for pitch in (36, 38, 42)}
    assert at == {36: [0, 7], 38: [2, 4, 9, 11], 42: list(range(14))}


def test_drums_are_heard_on_the_beats(data):
    archive = data / "openewld" / "openewld_mxl.zip"
    track, audio = odd_metres.make(archive, 16.0, "5_4-drums-1")
    assert track.grid.beats_per_bar == 5 and track.trainable and track.licence == openewld.LICENCE
    rise = np.maximum(np.diff(np.log(envelope(audio) + 1e-3)), 0)
    beats = track.grid.times[1:-1]
    on, off = (
        np.mean([rise[round(t * 100) - 3 : round(t * 100) + 4].max() for t in beats + late])
        for late in (0.0, 0.25 * 60 / track.grid.tempo_bpm)
    )
    assert on > 1.5 * off
