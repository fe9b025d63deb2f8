"""Tempo maps of MIDI files that symusic, another reader, times likewise."""

import os

import mido
import numpy as np
import pytest
import symusic

from segue_bridge import formats, midi_map
from segue_bridge.errors import SegueError
from segue_models.beats.user_grid import UserGrid, make
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.signal.front_end import front_end
from test_formats_midi import of_bars

META = mido.MetaMessage


def write(path, *tracks, ticks=480, kind=1):
    """A file of tracks of (tick, message)."""
    file = mido.MidiFile(ticks_per_beat=ticks, type=kind)
    for events in tracks:
        track, last = file.add_track(), 0
        for tick, message in events:
            track.append(message.copy(time=tick - last))
            last = tick
    file.save(path)
    return path


def tempo(bpm):
    return META("set_tempo", tempo=round(60e6 / bpm))


def test_quarter_notes_stand_where_another_reader_has_them(tmp_path):
    rng = np.random.default_rng(0)
    ticks = np.sort(rng.choice(np.arange(0, 96_000, 240), 30, replace=False))
    changes = [(int(tick), tempo(rng.uniform(50, 180))) for tick in ticks]
    notes = [(480 * i, mido.Message("note_on", note=60, velocity=int(i % 2) * 64)) for i in range(199)]
    path = write(tmp_path / "a.mid", changes, notes)
    found = midi_map.read(path)
    score = symusic.Score(path, ttype="second")
    starts = np.array([note.time for note in score.tracks[0].notes])
    points = np.array(found.points)
    times, quarters = np.vstack([points, points[-1] + 200 * (points[-1] - points[-2])]).T  # the last tempo stays
    assert np.interp(np.arange(1, 199, 2), quarters, times) == pytest.approx(starts, abs=1e-4)
    assert found.last_note == pytest.approx(starts[-1], abs=1e-4)
    assert found.signatures == ((0.0, 4, 4),)


def test_time_signatures_stand_on_their_quarters(tmp_path):
    signatures = [META("time_signature", numerator=n, denominator=d) for n, d in ((3, 4), (7, 8), (6, 8))]
    events = [(0, tempo(120)), (0, signatures[0]), (480 * 6, signatures[1]), (480 * 13, signatures[2])]
    found = midi_map.read(write(tmp_path / "a.mid", events))
    assert found.signatures == ((0.0, 3, 4), (6.0, 7, 8), (13.0, 6, 8))
    assert found.points == ((0.0, 0.0), (0.5, 1.0)) and found.last_note == 0.0


@pytest.mark.parametrize("unit", [4, 8])
@pytest.mark.parametrize("lengths", [[4] * 8, [4, 4, 3, 3, 3], [6, 6, 7, 7, 5]])
def test_what_mark_writes_is_read_as_it_was(tmp_path, lengths, unit):
    analysis = of_bars(lengths, unit)
    path = tmp_path / "a.mid"
    path.write_bytes(formats.render("midi", analysis))
    silent = front_end(np.zeros(round((analysis.beats[-1].time + 0.1) * RATE_HZ), np.float32))
    grid = make(UserGrid(tempo_map=midi_map.read(path)), BeatGrid(np.arange(2.0), np.ones(2, int)), silent, None)
    assert grid.times == pytest.approx([beat.time for beat in analysis.beats], abs=1e-5)
    assert (grid.positions.tolist(), grid.beat_unit) == (analysis.places(), unit)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "bad_input", "no MIDI file"),
        (b"RIFF" + bytes(60), "bad_input", "no MIDI file"),
        (b"MThd" + bytes(4), "bad_input", "no MIDI file"),
        ([], "bad_grid", "has no tempo"),
        ([(0, META("time_signature", numerator=3, denominator=4))], "bad_grid", "has no tempo"),
        ([(0, META("set_tempo", tempo=0)), (480, tempo(120))], "bad_grid", "later than"),
        ([(0, META("set_tempo", tempo=1))], "bad_grid", "quarter notes a minute"),
        ([(0, tempo(120)), (0, META("time_signature", numerator=0, denominator=4))], "bad_grid", "0/4"),
    ],
)
def test_a_file_without_a_tempo_map_is_told_in_a_sentence(tmp_path, content, code, says):
    path = tmp_path / "a.mid"
    path.write_bytes(content) if isinstance(content, bytes) else write(path, content)
    with pytest.raises(SegueError, match=says) as fault:
        midi_map.read(path)
    assert fault.value.code == code and str(path) in str(fault.value) and "\n" not in str(fault.value)


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    for path, code in (
        (tmp_path / "none.mid", "not_found"),
        (tmp_path, "bad_input"),
        (tmp_path / "pipe.mid", "bad_input"),
    ):
        with pytest.raises(SegueError) as fault:
            midi_map.read(path)
        assert fault.value.code == code
    asynchronous = write(tmp_path / "two.mid", [(0, tempo(120))], [(0, tempo(90))], kind=2)
    with pytest.raises(SegueError, match="no beats"):
        midi_map.read(asynchronous)
