import io
import zipfile

import numpy as np
import pytest

from segue_models.rendering import lead_sheet


def note(step, duration, *inside, octave=4, alter=""):
    pitch = f"<pitch><step>{step}</step>{alter and f'<alter>{alter}</alter>'}<octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{''.join(inside)}</note>"


def chord(root, kind="major", rest=""):
    return f"<harmony><root><root-step>{root}</root-step></root><kind>{kind}</kind>{rest}</harmony>"


def rest(duration):
    return f"<note><rest/><duration>{duration}</duration></note>"


def mxl(*measures, above=3, below=4, divisions=2):
    head = f"<attributes><divisions>{divisions}</divisions>"
    head += f"<time><beats>{above}</beats><beat-type>{below}</beat-type></time></attributes>"
    bars = "".join(f"<measure>{head if i == 0 else ''}{m}</measure>" for i, m in enumerate(measures))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("META-INF/container.xml", "<container/>")
        z.writestr("song.xml", f"<score-partwise><part id='P1'>{bars}</part></score-partwise>")
    return file.getvalue()


WALTZ = mxl(
    note("G", 2),
    chord("C") + note("E", 6, '<tie type="start"/>', octave=5),
    note("E", 2, '<tie type="stop"/>', octave=5)
    + chord("G", "dominant", "<offset>1</offset>")
    + note("B", 4, alter="-1"),
    note("C", 2) + rest(4),
)


def test_a_pick_up_ends_with_its_bar_and_ties_are_one_note():
    score, signature = lead_sheet.read(WALTZ)
    assert signature == (3, 4)
    assert score.melody[:, :3].tolist() == [[2, 3, 67], [3, 7, 76], [7, 9, 70], [9, 10, 60]]
    assert score.grid.times.tolist() == list(range(2, 12)) and score.grid.beats_per_bar == 3
    assert score.grid.positions[:5].tolist() == [3, 1, 2, 3, 1]


def test_a_chord_sounds_from_its_offset_to_the_next():
    score, _ = lead_sheet.read(WALTZ)
    tonic, dominant = score.chords
    assert (tonic.start, tonic.end, tonic.tones, tonic.bass) == (3, 7.5, (0, 4, 7), 0)
    assert (dominant.start, dominant.end, dominant.tones) == (7.5, 12, (7, 11, 2, 5))


def test_a_beat_of_six_eight_is_three_eighths():
    score, signature = lead_sheet.read(mxl(note("C", 6), note("D", 6), above=6, below=8))
    metre = lead_sheet.Metre.of(*signature)
    assert (metre.beats, metre.quarters, metre.parts) == (2, 1.5, 3)
    assert score.grid.times.tolist() == [0, 1.5, 3, 4.5] and score.grid.positions.tolist() == [1, 2, 1, 2]


def test_a_bar_written_in_two_halves_is_one():
    score, _ = lead_sheet.read(mxl(note("C", 6), note("D", 4), note("E", 2), note("F", 6)))
    assert score.grid.times[-1] == 8 and score.melody[-1, :3].tolist() == [6, 9, 65]


@pytest.mark.parametrize("odd", [note("E", 8), note("E", 4) + "</measure><measure>" + note("F", 6)])
def test_a_sheet_ends_before_a_bar_of_another_length(odd):
    score, _ = lead_sheet.read(mxl(note("C", 6), note("D", 6), odd))
    assert score.grid.times[-1] == 5 and score.melody[:, 2].tolist() == [60, 62]


def test_a_sheet_ends_where_its_metre_changes():
    change = "<attributes><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    score, signature = lead_sheet.read(mxl(note("C", 6), note("D", 6), change + note("E", 8)))
    assert signature == (3, 4) and score.melody[:, 2].tolist() == [60, 62]


def test_grace_notes_and_a_second_voice_do_not_move_time():
    second = "<backup><duration>6</duration></backup>" + note("E", 6, octave=3)
    score, _ = lead_sheet.read(mxl(note("C", 6) + second, note("A", 0) + note("D", 6)))
    assert score.melody[:, :3].tolist() == [[0, 3, 60], [0, 3, 52], [3, 6, 62]]


@pytest.mark.parametrize("empty", [mxl(rest(6), rest(6)), mxl(note("C", 6)), mxl()])
def test_no_melody_of_a_bar_is_refused(empty):
    with pytest.raises(ValueError, match="no melody"):
        lead_sheet.read(empty)


def test_a_repeated_sheet_goes_on_in_its_bars():
    score, _ = lead_sheet.read(WALTZ)
    twice = lead_sheet.repeated(score, 15)
    assert twice.grid.times.tolist() == list(range(2, 21))
    assert np.array_equal(twice.grid.positions, (np.arange(19) + 2) % 3 + 1)
    assert [2, 3, 67] in twice.melody[:, :3].tolist() and [11, 12, 67] in twice.melody[:, :3].tolist()
    assert [c.start for c in twice.chords] == [3, 7.5, 12, 16.5]


def test_auld_lang_syne_begins_on_the_fourth_beat(data):
    """Outside truth: the melody as everybody sings it, in F."""
    with zipfile.ZipFile(data / "openewld" / "openewld_mxl.zip") as z:
        score, signature = lead_sheet.read(z.read(next(n for n in z.namelist() if "/Auld_Lang_Syne/" in n)))
    assert signature == (4, 4) and score.grid.positions[0] == 4
    assert (score.melody[:7, 2] % 12).tolist() == [0, 5, 4, 5, 9, 7, 5]
    assert score.melody[:7, 0].tolist() == [3, 4, 5.5, 6, 7, 8, 9.5]
