import numpy as np
import pytest
import scipy.fft

from segue_models.features import handcrafted
from segue_models.signal.frames import frame_count

pytestmark = pytest.mark.long  # librosa compiles for half a minute where it was not used before

MFCC, CHROMA, TEMPOGRAM = slice(0, 12), slice(12, 24), slice(24, 36)
PITCHES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def music(seconds=8.0):
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * 44100)) / 44100
    chord = sum(np.sin(2 * np.pi * hz * t) / hz for hz in (220.0, 277.18, 329.63, 1318.5)) * 40
    return (chord * (1 + np.sin(2 * np.pi * 0.5 * t)) + 0.01 * rng.normal(size=len(t))).astype(np.float32)


def test_mfcc_are_those_of_librosa_and_of_their_definition():
    import librosa

    mono = music()
    found = handcrafted.extract(mono)[:, MFCC]
    theirs = librosa.feature.mfcc(
        y=mono, sr=44100, n_mfcc=12, n_mels=40, n_fft=2048, hop_length=1024, fmin=0.0, fmax=22050.0
    )
    assert np.allclose(found, theirs.T, atol=1e-3)
    power = np.abs(librosa.stft(mono, n_fft=2048, hop_length=1024)) ** 2
    mel = 10 * np.log10(np.maximum(librosa.filters.mel(sr=44100, n_fft=2048, n_mels=40) @ power, 1e-10))
    mel = np.maximum(mel, mel.max() - 80)
    assert np.allclose(found, scipy.fft.dct(mel, axis=0, norm="ortho")[:12].T, atol=1e-2)


def test_twice_the_amplitude_is_heard_in_c0_alone():
    soft, loud = handcrafted.extract(music()), handcrafted.extract(2 * music())
    assert np.allclose(loud[:, 0] - soft[:, 0], 20 * np.log10(2) * np.sqrt(40), atol=1e-2)
    assert np.allclose(loud[:, 1:], soft[:, 1:], atol=1e-2)


@pytest.mark.parametrize(("hz", "pitch"), [(440.0, "A"), (130.81, "C"), (138.59, "C#"), (2793.8, "F")])
def test_a_tone_is_its_pitch_class(sine, hz, pitch):
    chroma = handcrafted.extract(sine(hz, 0.5, 2.0))[40, CHROMA]
    assert PITCHES[chroma.argmax()] == pitch and chroma.max() == pytest.approx(1.0)


@pytest.mark.parametrize("hz", [65.4, 8372.0])  # C2, C9: beyond the limits, so the fifth within them decides
def test_chroma_hears_from_100_hz_to_5_khz(sine, hz):
    chroma = handcrafted.extract(sine(hz, 0.5, 2.0) + sine(392.0, 0.05, 2.0))[40, CHROMA]
    assert PITCHES[chroma.argmax()] == "G"


def test_tempi_of_the_specification():
    expected = [30, 37.80, 47.62, 60, 75.59, 95.24, 120, 151.19, 190.49, 240, 302.38, 380.98]
    assert np.allclose(handcrafted.TEMPI_BPM, expected, rtol=0, atol=0.01)


def played(clicks, bpm):
    """Mean tempogram of a steady click."""
    mono = clicks(np.arange(0.1, 15, 60 / bpm), 15.0)
    return handcrafted.extract(mono)[150:500, TEMPOGRAM].mean(axis=0)


def test_a_click_of_120_bpm_peaks_there(clicks):
    assert handcrafted.TEMPI_BPM[played(clicks, 120.0).argmax()] == 120.0


@pytest.mark.parametrize("coefficient", [4, 5, 6, 7, 9])
def test_a_tempo_is_seen_with_its_multiples_and_without_slower_ones(clicks, coefficient):
    tempi = handcrafted.TEMPI_BPM
    tempogram = played(clicks, tempi[coefficient])
    assert tempogram[coefficient] > 0.8 * tempogram.max()
    slower = tempi < tempi[coefficient] - 30  # what a Hann window of 4 s can tell apart
    assert tempogram[slower].max() < 0.1 * tempogram[coefficient]
    assert coefficient > 8 or tempogram[coefficient + 3] > 0.7 * tempogram.max()


def test_the_tempogram_sees_two_seconds_to_either_side(clicks):
    found = handcrafted.extract(clicks(np.arange(10.0, 20, 0.5), 20.0))[:, TEMPOGRAM]
    at = np.round(np.array([7.5, 10.0, 14.0]) * 44100 / 1024).astype(int)
    before, edge, inside = found[at, 6] / found[at[-1], 6]
    assert before < 0.05 and 0.3 < edge < 0.75 and inside == 1


@pytest.mark.parametrize("samples", [44100, 10 * 44100 + 500])
def test_a_frame_for_each_of_the_song(samples):
    found = handcrafted.extract(np.zeros(samples, np.float32))
    assert found.shape == (frame_count(samples), 36) and found.dtype == np.float32
    assert np.isfinite(found).all()
