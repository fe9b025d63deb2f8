import numpy as np
import pytest

from segue_models.features import mel

RATE = 44100


def test_rates_of_the_specification():
    assert pytest.approx(14.35546875 / 2) == mel.ROW_FPS
    assert pytest.approx(7.177734375) == mel.ROW_FPS
    assert pytest.approx(3.5888671875) == mel.LOW_FPS
    assert 16 * mel.ROW_FPS == pytest.approx(32 * mel.LOW_FPS) == pytest.approx(114.84, abs=0.01)


def test_bands_are_triangles_from_80_hz_to_16_khz():
    w = mel.weights()
    hz = np.arange(len(w)) * RATE / 2048
    heard = hz[w.sum(axis=1) > 0]
    assert 80 < heard[0] < 110 and 15_900 < heard[-1] < 16_000
    assert (w.sum(axis=0) > 0.5).all()  # no band falls between two bins
    inner = (hz > 150) & (hz < 15_000)
    assert w[inner].sum(axis=1) == pytest.approx(np.ones(inner.sum()), abs=1e-5)


@pytest.mark.parametrize("hz", [150.0, 1000.0, 8000.0])
def test_a_sine_is_loudest_in_the_band_it_is_in(sine, hz):
    rows = mel.extract(sine(hz))[mel.PADDING_ROWS : -mel.PADDING_ROWS]
    centres = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + f / 700) for f in (80, 16_000)), 82)[1:-1] / 2595) - 1)
    assert rows[10].argmax() == np.abs(centres - hz).argmin()


def test_a_click_is_in_the_row_that_says_its_time():
    mono = np.zeros(10 * RATE, np.float32)
    mono[round(6.3 * RATE)] = 1.0
    rows = mel.extract(mono)[mel.PADDING_ROWS : -mel.PADDING_ROWS]
    loudest = rows.max(axis=1).argmax()
    assert abs(mel.row_times(len(rows))[loudest] - 6.3) <= 0.5 / mel.ROW_FPS + 0.03


def test_the_padding_is_pink_at_minus_70_db():
    frames = mel.padding(400)
    power = ((np.exp(frames) - mel.FLOOR) ** 2).mean(axis=0)
    centres = mel.weights().argmax(axis=0)
    octaves = [power[(centres >= low) & (centres < 2 * low)].sum() for low in (20, 80, 320)]  # in bins of 21.5 Hz
    assert 10 * np.log10(octaves) == pytest.approx(np.full(3, 10 * np.log10(np.mean(octaves))), abs=1)
    # Every octave has the same power: from 80 Hz to 16 kHz are 7.6 of the 17.6 of 400 frames' spectrum.
    assert 10 * np.log10(power.sum()) == pytest.approx(-70 + 10 * np.log10(7.6 / 17.6), abs=0.5)
    assert np.array_equal(frames, mel.padding(400))


def test_silence_is_finite_and_both_ends_are_padded():
    x = mel.extract(np.zeros(RATE, np.float32))
    assert np.isfinite(x).all() and len(x) == 2 * mel.PADDING_ROWS + 8
    assert x[60] == pytest.approx(np.full(mel.BANDS, np.log(mel.FLOOR)))
    assert np.array_equal(x[: mel.PADDING_ROWS], x[-mel.PADDING_ROWS :])


def test_maxima_do_not_overlap():
    assert mel.pooled(np.arange(14, dtype=np.float32)[:, None], 6).ravel().tolist() == [5, 11, 13]
