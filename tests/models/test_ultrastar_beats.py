import numpy as np
import pytest
import soundfile as sf

from segue_models.corpora import ultrastar, ultrastar_beats


@pytest.mark.parametrize("song", ultrastar_beats.PLACES)
def test_sung_notes_keep_to_quarters_of_the_beat(data, song):
    grid, notes = ultrastar_beats.beats(data, song), ultrastar.sung(data, song)
    place = (grid.phase(notes[:, 0] + ultrastar_beats.PLACES[song][1]) * 2 + 0.5) % 1 - 0.5
    turn = np.abs(np.mean(np.exp(2j * np.pi * place)))
    assert turn > 0.5  # of notes placed by chance 0.1
    assert not grid.positions.any() and notes[0, 0] <= grid.times[0] + 0.1 and grid.times[-1] <= notes[-1, 1] + 0.1


@pytest.mark.parametrize("song", ultrastar_beats.PLACES)
def test_onsets_are_on_the_beats_from_the_first_to_the_last(data, song, late_ms):
    """Outside truth: what is heard. A tempo that is out by a thousandth would miss in the end."""
    audio, _ = sf.read(data / "ultrastar_cc" / song / "audio.ogg", dtype="float32")
    times = ultrastar_beats.beats(data, song).times
    third = len(times) // 3
    for part in (times[:third], times[third:-third], times[-third:]):
        assert abs(late_ms(audio, part)) <= 40


def test_a_file_without_its_tempo_is_refused(tmp_path):
    (tmp_path / "song.txt").write_text("#GAP:100\n: 0 1 2 la\n")
    with pytest.raises(ValueError, match="GAP and BPM"):
        ultrastar_beats.unit(tmp_path / "song.txt")


def test_a_unit_is_a_quarter_of_the_files_beat(tmp_path):
    (tmp_path / "song.txt").write_text("#BPM:300,5\n#GAP:1250\n")
    assert ultrastar_beats.unit(tmp_path / "song.txt") == pytest.approx((1.25, 15 / 300.5))
