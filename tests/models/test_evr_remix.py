import numpy as np
import pytest

from segue_models.corpora import evr, evr_remix
from segue_models.rendering.activity import activity
from segue_models.rendering.mix import Samples


def test_faster_is_shorter_and_higher():
    tone = np.sin(2 * np.pi * 440 * np.arange(44100 * 2) / 44100).astype(np.float32)
    out = evr_remix.faster(tone, 1.03)
    assert len(out) == pytest.approx(88200 / 1.03, abs=2)
    spectrum = np.abs(np.fft.rfft(out[:44100] * np.hanning(44100)))
    assert np.argmax(spectrum) == pytest.approx(440 * 1.03, abs=1)


@pytest.fixture
def short(monkeypatch, data) -> Samples:
    """The stems cut to 30 s around the first phrases of Potassium, so that a remix takes a second."""
    whole = evr.stems(data, "4_potassium")
    monkeypatch.setattr(evr, "stems", lambda root, song: {k: v[70 * 44100 : 100 * 44100] for k, v in whole.items()})
    return whole["vocals"][70 * 44100 : 100 * 44100]


def test_truth_moves_with_the_audio_and_seeds_repeat(data, short):
    track, audio = evr_remix.make(data, "4_potassium-remix1")
    factor = 30.0 / (len(audio) / 44100)
    assert 0.97 <= factor <= 1.03
    assert np.allclose(track.lead * factor, activity(short), atol=2e-3)
    assert np.allclose(track.grid.times * factor, evr.grid(data, "4_potassium").times, atol=0.02)
    assert track.voices == ("4_potassium",) and track.trainable and track.artist == evr.ARTIST
    assert np.array_equal(audio, evr_remix.make(data, "4_potassium-remix1")[1])
    assert not np.array_equal(audio[:44100], evr_remix.make(data, "4_potassium-remix2")[1][:44100])
