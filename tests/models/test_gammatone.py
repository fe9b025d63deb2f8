import numpy as np
import pytest
import soundfile

from segue_models.signal import gammatone
from segue_models.signal.stft import power_blocks

RATE = 44100
DB = 20 / np.log(10)


def extract(mono):
    return np.concatenate([gammatone.of_power(power) for _, power in power_blocks(mono)])


def response(centre_hz, hz):
    return np.abs(gammatone._response(gammatone._sections(centre_hz), np.atleast_1d(np.float64(hz))))


def width_hz(centre_hz):
    hz = np.linspace(0.8 * centre_hz, 1.2 * centre_hz, 40001)
    heard = hz[response(centre_hz, hz) >= np.sqrt(0.5)]
    return heard[-1] - heard[0]


@pytest.mark.parametrize(
    ("band", "hz"),
    [(0, 60.0), (1, 76.109), (2, 93.117), (5, 150.047), (10, 268.168), (15, 423.114), (18, 538.396), (20, 626.366),
     (25, 892.984), (30, 1242.724), (37, 1922.830), (40, 2303.305), (45, 3092.730), (49, 3898.091), (50, 4128.267),
     (60, 7268.515), (73, 14953.233), (74, 15800.0)],
)  # fmt: skip
def test_centres_of_the_specification(band, hz):
    assert gammatone.centres_hz()[band] == pytest.approx(hz, abs=1e-3)


def test_spacing_of_the_specification():
    centres = gammatone.centres_hz()
    c = gammatone.EAR_Q * gammatone.MIN_BANDWIDTH_HZ
    assert c == pytest.approx(228.832903, abs=1e-6) and len(centres) == 75
    assert np.allclose((centres[1:] + c) / (centres[:-1] + c), 1.0557741, atol=1e-7)
    assert (centres < 1000).sum() == 27 and (centres < 4000).sum() == 50


@pytest.mark.parametrize(("hz", "erb"), [(60, 31.1763), (1000, 132.6390), (15_800, 1730.1366)])
def test_bandwidths_of_the_specification(hz, erb):
    assert gammatone.erb_hz(np.float64(hz)) == pytest.approx(erb, abs=1e-4)


def test_the_filter_at_1_khz_has_the_shape_of_the_specification():
    assert response(1000.0, 1000.0)[0] == pytest.approx(1.0, abs=1e-12)
    assert width_hz(1000.0) == pytest.approx(117.58, abs=0.02)
    skirt = response(1000.0, [1000 - 132.639, 1000 + 132.639])
    assert skirt.mean() == pytest.approx(0.2595, abs=2e-3)
    assert width_hz(15_800.0) / 1730.1366 == pytest.approx(0.8897, abs=2e-4)


@pytest.mark.parametrize("band", [5, 20, 40, 60])
@pytest.mark.parametrize(("bank", "off_db"), [(extract, 1.1), (gammatone.exact, 0.05)], ids=["matrix", "exact"])
def test_a_tone_at_a_centre_is_loudest_in_its_band_at_its_level(sine, band, bank, off_db):
    frame = bank(sine(gammatone.centres_hz()[band], 0.5, 1.0))[20]
    assert frame.argmax() == band
    assert frame[band] * DB == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=off_db)


@pytest.mark.parametrize(
    "path", ["librosa_examples/audio/Karissa_Hobbs_-_Lets_Go_Fishin.ogg", "wesnoth_music/audio/elvish-theme.ogg"]
)
def test_the_matrix_is_close_to_the_filterbank_on_music(data, path):
    stereo, rate = soundfile.read(data / path, 10 * RATE, 30 * RATE, dtype="float32", always_2d=True)
    assert rate == RATE
    mono = stereo.mean(axis=1)
    fast, slow = extract(mono), gammatone.exact(mono)
    assert fast.shape == slow.shape == (431, 75)
    assert np.corrcoef(fast.ravel(), slow.ravel())[0, 1] >= 0.98  # measured 0.990 and 0.993
    assert np.sqrt(np.mean((fast - slow) ** 2)) * DB < 2.0  # dB; measured 1.4 and 1.3, less would need longer windows


def test_digital_silence_is_the_floor():
    silence = np.zeros(RATE, np.float32)
    assert np.allclose(extract(silence), np.log(1e-4)) and np.allclose(gammatone.exact(silence), np.log(1e-4))


def test_a_pause_is_no_music_and_a_gap_between_notes_is():
    levels_db = np.repeat([-20.0, -90.0, -30.0, -90.0, -50.0], [10, 8, 10, 40, 10])
    bands = np.full((len(levels_db), gammatone.BANDS), np.log(gammatone.FLOOR))
    bands[:, 30] = np.log(gammatone.FLOOR + 10 ** (levels_db / 20))
    found = gammatone.sounding(bands, 5)
    assert found[:28].all() and not found[28:68].any() and found[68:].all()
    assert not gammatone.sounding(bands[35:60], 5).any() and len(gammatone.sounding(bands[:0], 5)) == 0
