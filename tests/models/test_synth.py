import numpy as np
import pytest

from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import Part, notes
from segue_models.rendering.synth import SOUNDFONTS, render, soundfont

FONT = "TimGM6mb.sf2"


def test_a_note_sounds_at_its_time_and_pitch():
    audio = render([Part(notes([(1.0, 2.0, 69, 100)]), 73)], soundfont(FONT), 3.0)  # a flute plays a'
    assert len(audio) == 3 * 44100
    env = envelope(audio)
    assert env[:99].max() < 1e-4 and env[110:190].min() > 1e-3
    spectrum = np.abs(np.fft.rfft(audio[int(1.3 * 44100) : int(1.8 * 44100)] * np.hanning(22050)))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=4)


def test_parts_have_their_own_programs_and_levels():
    table = notes([(0.1, 1.0, 60, 100)])
    loud = render([Part(table, 19)], soundfont(FONT), 1.5)
    soft = render([Part(table, 19, level_db=-12)], soundfont(FONT), 1.5)
    assert 20 * np.log10(envelope(loud)[50] / envelope(soft)[50]) == pytest.approx(12, abs=1)
    both = render([Part(table, 19), Part(table, 0, drums=True)], soundfont(FONT), 1.5)
    assert np.abs(both - loud).max() > 0.01


def test_nothing_to_play_is_silence():
    assert not render([Part(notes([]), 0)], soundfont(FONT), 0.5).any()


def test_a_missing_soundfont_names_what_to_install():
    with pytest.raises(FileNotFoundError, match="fluid-soundfont-gm"):
        soundfont("none.sf2")
    assert all(soundfont(name).exists() for name in SOUNDFONTS)
