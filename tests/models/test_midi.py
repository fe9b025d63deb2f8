import io

import mido
import numpy as np
import pytest
import symusic

from segue_models.rendering import midi
from segue_models.rendering.mix import envelope
from segue_models.rendering.synth import SOUNDFONTS, soundfont


def song(*metas, beats=8, ticks=480):
    """A click of one note a quarter, with meta messages (tick, message) beside it."""
    file = mido.MidiFile(ticks_per_beat=ticks)
    head, now = mido.MidiTrack(), 0
    for tick, message in metas:
        head.append(message.copy(time=tick - now))
        now = tick
    notes = mido.MidiTrack()
    for _ in range(beats):
        notes.append(mido.Message("note_on", channel=9, note=76, velocity=100, time=0))
        notes.append(mido.Message("note_on", channel=9, note=76, velocity=0, time=ticks))
    file.tracks += [head, notes]
    return file


def tempo(bpm):
    return mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))


def metre(above, below):
    return mido.MetaMessage("time_signature", numerator=above, denominator=below)


def test_the_tempo_map_agrees_with_another_reader():
    file = song((0, tempo(100)), (960, tempo(150)), (2000, tempo(80)))
    whole = io.BytesIO()
    file.save(file=whole)
    theirs = symusic.Score.from_midi(whole.getvalue(), ttype="second").tracks[0].notes
    ours = midi.seconds(file, midi.note_ticks(file))
    assert len(ours) == 8 and np.allclose(ours, [note.start for note in theirs], atol=1e-4)


def test_without_any_meta_message_it_is_four_four_at_120():
    grid = midi.grid(song(), 100.0)
    assert grid.tempo_bpm == 120 and grid.beats_per_bar == 4
    assert grid.positions.tolist() == [1, 2, 3, 4, 1, 2, 3, 4]


def test_the_beat_of_six_eight_is_three_eighths():
    grid = midi.grid(song((0, tempo(90)), (0, metre(6, 8)), beats=12), 100.0)
    assert grid.tempo_bpm == pytest.approx(60) and grid.beats_per_bar == 2
    assert grid.positions[:4].tolist() == [1, 2, 1, 2]


def test_the_beat_of_two_two_is_a_half():
    assert midi.grid(song((0, tempo(120)), (0, metre(2, 2))), 100.0).tempo_bpm == 60


@pytest.mark.parametrize("above", [5, 7])
def test_bars_of_no_whole_beats_are_refused(above):
    with pytest.raises(ValueError, match=f"bars of {above}/8"):
        midi.grid(song((0, metre(above, 8))), 100.0)


def test_a_change_of_metre_counts_only_where_it_is_heard():
    file = song((0, metre(4, 4)), (480, metre(4, 4)), (4 * 480, metre(3, 4)), beats=16)
    with pytest.raises(ValueError, match="metre changes"):
        midi.grid(file, 100.0)
    assert midi.grid(file, 2.0).positions.tolist() == [1, 2, 3, 4]


def test_it_sounds_where_the_notes_are_and_stops_where_it_is_cut():
    file = song((0, tempo(60)), beats=12)
    audio = midi.play(file, soundfont(SOUNDFONTS[0]), 4.5)
    assert len(audio) <= 4.5 * 44100 and np.abs(audio).max() == pytest.approx(midi.PEAK)
    rise = np.maximum(np.diff(envelope(audio)), 0)
    heard = np.flatnonzero(rise > 0.3 * rise.max()) / 100
    assert {round(t) for t in heard} == {1, 2, 3, 4} and np.all(np.abs(heard - np.rint(heard)) < 0.04)


def test_a_note_held_at_the_cut_does_not_ring_for_ever():
    file = mido.MidiFile()
    held = [mido.Message("program_change", program=16), mido.Message("note_on", note=60, velocity=100)]
    file.tracks.append(mido.MidiTrack([*held, mido.Message("note_off", note=60, time=960 * 600)]))
    assert 0.9 < len(midi.play(file, soundfont(SOUNDFONTS[0]), 1.0)) / 44100 <= 1.0


def test_a_note_that_the_file_never_lets_go_does_not_ring_for_ever():
    file = mido.MidiFile(ticks_per_beat=480)
    organ = mido.Message("program_change", program=19)
    held, other = mido.Message("note_on", note=60), mido.Message("note_on", note=64, time=960)
    file.tracks.append(mido.MidiTrack([organ, held, other, mido.Message("note_off", note=64, time=480)]))
    assert len(midi.play(file, soundfont(SOUNDFONTS[0]), 60.0)) / 44100 < 10


def test_what_is_retimed_is_heard_when_it_was_said_to_be():
    """Another reader tells the times of a song whose clock slows down all the way."""
    file = song((0, tempo(100)), (960, tempo(150)))
    before = midi.seconds(file, midi.note_ticks(file))
    moved = midi.retimed(file, lambda t: 0.3 + t + 0.05 * t**2)
    whole = io.BytesIO()
    moved.save(file=whole)
    theirs = symusic.Score.from_midi(whole.getvalue(), ttype="second").tracks[0].notes
    assert [n.start for n in theirs] == pytest.approx(0.3 + before + 0.05 * before**2, abs=2e-4)
    assert [n.end for n in theirs[:-1]] == pytest.approx([n.start for n in theirs[1:]], abs=2e-4)
