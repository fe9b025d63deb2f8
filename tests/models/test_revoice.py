"""WORLD as outside truth: the analysis of another kind of sound, a tone with known pitch and one known formant."""

import numpy as np
import pytest
from scipy.signal import lfilter

from segue_models.rendering import revoice
from segue_models.rendering.revoice import HOP_S, Singer

RATE = 44100


def vowel(hz: float, seconds: float, formant: float = 1000.0) -> np.ndarray:
    """A pulse train through one resonance."""
    pulses = (np.diff(np.floor(np.arange(round(seconds * RATE) + 1) * hz / RATE)) > 0).astype(float)
    pole = 0.985 * np.exp(2j * np.pi * formant / RATE)
    return (0.05 * lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], pulses)).astype(np.float32)


@pytest.fixture(scope="module")
def stem():
    """Half a second of silence, a vowel of 200 Hz from 0.5 to 1.5 s, one of 150 Hz from 2.0 to 2.5 s."""
    audio = np.zeros(3 * RATE, dtype=np.float32)
    audio[RATE // 2 : RATE * 3 // 2] = vowel(200, 1.0)
    audio[RATE * 2 : RATE * 5 // 2] = vowel(150, 0.5)
    return audio


@pytest.fixture(scope="module")
def phrases(stem):
    return revoice.analyse(stem, np.array([[0.5, 1.5], [2.0, 2.5]]))


def pitch(audio: np.ndarray) -> float:
    """The first peak of the autocorrelation of the middle 0.3 s, in Hz."""
    middle = audio[len(audio) // 2 - 6615 :][:13230]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17)) ** 2
    lags = np.fft.irfft(spectrum)[: RATE // 60]
    return RATE / (np.argmax(lags[RATE // 600 :]) + RATE // 600)


def centre(audio: np.ndarray) -> float:
    """Mean frequency of the power: near the resonance."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    return float((np.fft.rfftfreq(len(audio), 1 / RATE) * power).sum() / power.sum())


def every_frame(phrase) -> np.ndarray:
    return np.arange(phrase.begin, phrase.until, HOP_S)


def test_phrases_lie_where_they_were_sung(phrases):
    first, second = phrases
    assert (first.start, first.end) == (0.5, 1.5) and 0.3 < first.begin < 0.5 and 1.5 < first.until < 2.0
    assert np.median(first.f0[first.f0 > 0]) == pytest.approx(200, rel=0.01)
    assert np.median(second.f0[second.f0 > 0]) == pytest.approx(150, rel=0.01)


@pytest.mark.parametrize("semitones", [-5, 0, 4])
def test_the_pitch_moves_as_asked(phrases, semitones):
    out = revoice.resung(phrases[0], every_frame(phrases[0]), semitones, Singer())
    assert pitch(out) == pytest.approx(200 * 2 ** (semitones / 12), rel=0.01)


def test_slower_is_longer_at_the_same_pitch(phrases):
    places = np.arange(phrases[0].begin, phrases[0].until, HOP_S / 1.5)
    out = revoice.resung(phrases[0], places, 0, Singer())
    assert len(out) / RATE == pytest.approx(1.5 * (phrases[0].until - phrases[0].begin), abs=0.02)
    assert pitch(out) == pytest.approx(200, rel=0.01)


def test_formants_move_and_the_pitch_stays(phrases):
    plain, warped = (revoice.resung(phrases[0], every_frame(phrases[0]), 0, Singer(formant=f)) for f in (1.0, 1.2))
    assert centre(warped) / centre(plain) == pytest.approx(1.2, rel=0.08)
    assert pitch(warped) == pytest.approx(200, rel=0.01)


def test_a_drawn_singer_stays_human():
    drawn = [revoice.singer(np.random.default_rng(i)) for i in range(50)]
    assert all(0.82 <= s.formant <= 1.2 and s.vibrato <= 0.25 for s in drawn)
    assert len({s.formant for s in drawn}) == 50


def test_the_analysis_is_done_once(tmp_path, phrases):
    calls = []
    first = revoice.kept(tmp_path / "a", lambda: calls.append(1) or phrases)
    again = revoice.kept(tmp_path / "a", lambda: calls.append(1) or phrases)
    assert len(calls) == 1 and [p.start for p in again] == [0.5, 2.0]
    for a, b in zip(first, phrases, strict=True):
        assert np.allclose(a.f0, b.f0, rtol=1e-6) and np.allclose(a.envelope, b.envelope, rtol=1e-5, atol=1e-5)
