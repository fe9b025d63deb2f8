import numpy as np
import pytest

from segue_models.rendering.lead import attack, octave, play, sounding
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import notes
from segue_models.rendering.synth import soundfont

OOHS = 53


def burst(audio, start, end, level=0.3):
    t = np.arange(round((end - start) * 44100)) / 44100
    audio[round(start * 44100) : round(start * 44100) + len(t)] += (level * np.sin(2 * np.pi * 300 * t)).astype(
        np.float32
    )


def test_notes_are_heard_while_they_are_loud():
    audio = np.zeros(6 * 44100, dtype=np.float32)
    burst(audio, 1.0, 1.5)
    burst(audio, 1.5, 1.7, 0.02)  # a release, 23 dB below
    burst(audio, 2.95, 3.6, 0.1)  # a consonant before the beat, a release after the note
    burst(audio, 5.0, 5.3, 0.001)  # nobody hears this one
    table = notes([(1.0, 1.5, 60, 90), (3.0, 3.4, 62, 90), (5.0, 5.3, 64, 90)])
    assert sounding(audio, table) == pytest.approx(np.array([[1.0, 1.5], [2.95, 3.6]]), abs=0.011)


def test_silence_is_no_lead():
    assert sounding(np.zeros(44100, dtype=np.float32), notes([(0.1, 0.5, 60, 90)])).shape == (0, 2)


def test_the_slow_oohs_are_played_ahead_so_that_they_are_heard_on_the_beat():
    """Measured in the audio: from the written start to within 10 dB of the peak, before and after."""
    font = soundfont("FluidR3_GM.sf2")
    table = notes([(t, t + 0.9, 67, 90) for t in (1.0, 3.0, 5.0, 7.0)])
    stem, heard = play(table, OOHS, font, 9.0)
    env = envelope(stem)
    for start in table[:, 0]:
        level = env[int(start * 100) : int(start * 100) + 90].max()
        at = np.argmax(env[int(start * 100) - 30 :] >= level * 10 ** (-10 / 20)) / 100 - 0.3
        assert -0.06 < at < 0.06
    assert len(heard) == 4 and np.all(heard[:, 0] <= table[:, 0] + 0.02)


def test_attack_of_a_ramp():
    audio = np.zeros(3 * 44100, dtype=np.float32)
    burst(audio, 1.0, 2.0)
    audio[44100 : 44100 + 22050] *= np.linspace(0, 1, 22050, dtype=np.float32)
    found = attack(audio, notes([(1.0, 2.0, 60, 90)]))
    assert found == pytest.approx(0.5 * 10 ** (-10 / 20), abs=0.02)


@pytest.mark.parametrize(("median", "centre", "shift"), [(60, 72, 12), (60, 62, 0), (76, 60, -12), (60, 85, 24)])
def test_octaves(median, centre, shift):
    assert octave(np.array([median - 2.0, median, median + 2.0]), centre) == shift
