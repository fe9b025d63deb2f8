from collections import Counter

import numpy as np
import pytest

from segue_models.corpora import no_pulse
from segue_models.rendering.mix import envelope


def rng(seed=0):
    return np.random.default_rng(seed)


def test_there_are_400_clips_a_half_for_tests():
    names = no_pulse.chosen()
    assert len(names) == 400 == len(set(names)) and Counter(map(no_pulse.kind, names)) == no_pulse.COUNTS
    assert Counter(map(no_pulse.split, names)) == {"validation": 200, "test": 200}


@pytest.mark.parametrize(
    "name",
    [
        "noise-0",
        "rain-1",
        "drone-2",
        "hits-3",
        pytest.param("notes-4", marks=pytest.mark.long),
        "prose-5",
        "wind-6",
        "applause-7",
    ],
)
def test_each_clip_is_the_same_every_time_and_has_no_beats(name):
    track, audio = no_pulse.make(4.0, name)
    assert track.grid is None and track.trainable and len(audio) <= 4 * 44100 + 1
    assert np.isfinite(audio).all() and 0.09 < np.abs(audio).max() < 0.9
    assert np.array_equal(audio, no_pulse.make(4.0, name)[1])


def test_recorded_speech_is_speakers(spoken):
    track, audio = no_pulse.make(6.0, "speech-0")
    level = envelope(audio)
    assert "GPL" in track.licence and level.max() > 20 * np.median(np.sort(level)[: len(level) // 10] + 1e-6)


def test_a_missing_espeak_is_named(monkeypatch):
    monkeypatch.setattr(no_pulse.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="espeak-ng"):
        no_pulse.prose(1.0, rng())


@pytest.mark.parametrize("slope", [-1.0, 0.0, 1.0, 2.0])
def test_noise_has_its_colour(slope):
    power = np.abs(np.fft.rfft(no_pulse.coloured(10.0, slope, rng()))) ** 2
    hz = np.fft.rfftfreq(441000, 1 / 44100)
    low, high = (power[(hz > a) & (hz < 2 * a)].mean() for a in (200, 3200))
    assert np.log2(low / high) / 4 == pytest.approx(slope, abs=0.1)


def test_chance_strikes_at_times_that_tell_nothing_of_the_next():
    """Intervals of a Poisson process vary by their mean; a pulse's do not."""
    steps = np.diff(no_pulse.poisson(2000.0, 2.0, rng()))
    assert steps.mean() == pytest.approx(0.5, rel=0.1) and steps.std() / steps.mean() == pytest.approx(1.0, abs=0.1)


def test_a_level_wanders_between_nothing_and_all():
    level = no_pulse.wander(30.0, 1.0, rng())
    assert len(level) == 30 * 44100 and level.min() >= 0 and level.max() <= 1 and level.std() > 0.1
