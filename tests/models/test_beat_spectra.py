import numpy as np
import pytest

from segue_models.features import _beat_spectra, bock2011, bock2016

RATE, HOP = 44100, 441


@pytest.fixture(scope="module")
def music(clicks):
    t = np.arange(3 * RATE) / RATE
    chord = sum(0.1 * np.sin(2 * np.pi * hz * t) for hz in (110.0, 277.2, 659.3))
    return (clicks(np.arange(0.2, 2.9, 0.4), 3.0) + chord * (t % 1.0 < 0.7)).astype(np.float32)


def spectra(mono, window, taper):
    """One frame after the other, in float64."""
    padded = np.concatenate([np.zeros(window), mono.astype(np.float64), np.zeros(window)])
    frames = len(mono) // HOP + 1
    starts = [window + i * HOP - window // 2 for i in range(frames)]
    return np.array([np.abs(np.fft.rfft(padded[s : s + window] * taper)) for s in starts])


def log_bands(magnitude, window, per_octave):
    """Triangles drawn one by one between the nearest bins of the tones."""
    tones = [440 * 2 ** (k / per_octave) for k in range(-12 * per_octave, 12 * per_octave)]
    bins = sorted({int(np.rint(hz * window / RATE)) for hz in tones if 30 <= hz <= 17_000})
    out = []
    for left, centre, right in zip(bins, bins[1:], bins[2:], strict=False):
        corners = np.interp(np.arange(left, right + 1), [left, centre, right], [0, 1, 0])
        out.append(magnitude[:, left : right + 1] @ (corners / corners.sum()))
    return np.log10(1 + np.array(out).T)


def test_dimensions_of_the_specification():
    at_six = [_beat_spectra.log_weights(window, 6).shape[1] for window in _beat_spectra.WINDOWS]
    assert at_six == [39, 45, 49]
    pairs = zip(_beat_spectra.WINDOWS, _beat_spectra.BANDS_PER_OCTAVE, strict=True)
    assert [_beat_spectra.log_weights(*pair).shape[1] for pair in pairs] == [21, 45, 91]
    assert [_beat_spectra.rise_lag(window) for window in _beat_spectra.WINDOWS] == [1, 1, 2]
    ten_seconds = np.zeros(10 * RATE, np.float32)
    for extract, card in (
        (bock2011.extract, bock2011.PARAMETERS),
        (bock2016.extract, bock2016.PARAMETERS),
    ):
        features = extract(ten_seconds)
        assert features.shape == (1001, card["bands"]) and features.dtype == np.float32
        assert not features.any()  # silence
    assert [bock2011.PARAMETERS["bands"], bock2016.PARAMETERS["bands"]] == [120, 314]


def test_the_downbeat_input_is_the_naive_one(music):
    expected = []
    for window, per_octave, lag in ((1024, 3, 1), (2048, 6, 1), (4096, 12, 2)):
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        bands = log_bands(spectra(music, window, hann), window, per_octave)
        rises = [np.maximum(bands[t] - bands[t - lag], 0) if t >= lag else 0 * bands[0] for t in range(len(bands))]
        expected += [bands, np.array(rises)]
    assert np.allclose(bock2016.extract(music), np.hstack(expected), atol=2e-4)


@pytest.mark.long
def test_the_beat_input_is_the_naive_one_with_librosas_mel_bands(music):
    import librosa

    expected = []
    for window, past in ((1024, 10), (2048, 20), (4096, 40)):
        mel = librosa.filters.mel(sr=RATE, n_fft=window, n_mels=20, fmin=20.0, fmax=17_000.0, dtype=np.float64)
        bands = np.log(1 + spectra(music, window, np.hamming(window)) ** 2 @ mel.T)
        rises = np.zeros_like(bands)
        for t in range(past, len(bands)):
            rises[t] = np.maximum(bands[t] - np.median(bands[t - past : t + 1], axis=0), 0)
        expected += [bands, rises]
    assert np.allclose(bock2011.extract(music), np.hstack(expected), atol=2e-4)


@pytest.mark.parametrize("samples", [1, 440, 441, 5000])
def test_short_recordings_have_frames_too(samples):
    noise = np.random.default_rng(0).normal(size=samples).astype(np.float32)
    for extract in (bock2011.extract, bock2016.extract):
        features = extract(noise)
        assert len(features) == samples // 441 + 1 and np.isfinite(features).all()


def test_any_number_of_threads_and_blocks_gives_the_same(music, monkeypatch):
    whole = bock2016.extract(music)
    monkeypatch.setattr(_beat_spectra, "BLOCK_SAMPLES", 3 * 4096)
    assert np.allclose(bock2016.extract(music, threads=1), whole, atol=1e-5)


def test_a_click_rises_in_the_frame_where_it_sounds():
    mono = np.zeros(2 * RATE, np.float32)
    mono[RATE + 5] = 1.0
    short = bock2016.extract(mono)[:, 21:42].sum(axis=1)  # the rises of the shortest window
    assert abs(int(short.argmax()) - 100) <= 1
