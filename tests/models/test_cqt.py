import numpy as np
import pytest

from segue_models.features import cqt
from segue_models.signal.frames import frame_count

pytestmark = pytest.mark.long  # librosa compiles for half a minute where it was not used before

DB = 20 / np.log(10)


def test_bands_of_the_specification():
    centres = cqt.centres_hz()
    assert len(centres) == 96
    assert centres[[0, 1, 12, 95]] == pytest.approx([55.0, 58.27047, 110.0, 13_289.7503], abs=1e-4)


@pytest.mark.parametrize("band", [0, 1, 12, 24, 45, 60, 95])
def test_a_tone_is_loudest_in_its_band_at_its_level(sine, band):
    frame = cqt.extract(sine(cqt.centres_hz()[band], 0.5, 2.0))[43]
    assert frame.argmax() == band
    assert frame[band] * DB == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.3)


def test_a_semitone_of_the_midi_scale_is_a_band(sine):
    for midi in (33, 69, 128):  # A1, A4 at 440 Hz, the highest
        frame = cqt.extract(sine(440 * 2 ** ((midi - 69) / 12), 0.5, 1.0))[20]
        assert frame.argmax() == midi - 33


@pytest.mark.parametrize("samples", [44100, 30 * 44100 + 500])
def test_a_frame_for_each_of_the_song(samples):
    found = cqt.extract(np.zeros(samples, np.float32))
    assert found.shape == (frame_count(samples), 96) and found.dtype == np.float32
    assert np.allclose(found, np.log(1e-4))


def test_a_click_is_in_its_frame():
    click = np.zeros(2 * 44100, np.float32)
    click[40 * 1024] = 1.0
    assert cqt.extract(click)[:, 60:].mean(axis=1).argmax() == 40
