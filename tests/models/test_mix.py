import numpy as np
import pytest
from scipy.signal import sosfreqz

from segue_models.rendering import mix

T = np.arange(44100 * 2) / 44100
TONE = (0.2 * np.sin(2 * np.pi * 440 * T)).astype(np.float32)


def test_loudness_counts_only_what_sounds():
    half = TONE.copy()
    half[44100:] = 0
    assert mix.loudness(TONE) == pytest.approx(0.2 / np.sqrt(2), rel=1e-3)
    assert mix.loudness(half) == pytest.approx(mix.loudness(TONE), rel=1e-2)
    assert mix.loudness(np.zeros(44100, dtype=np.float32)) == 0.0
    assert 20 * np.log10(mix.loudness(mix.scaled(TONE, -20))) == pytest.approx(-20, abs=0.01)
    low = np.sin(2 * np.pi * 50 * T).astype(np.float32)
    assert mix.presence(low) < 0.05 * mix.presence(np.sin(2 * np.pi * 1000 * T).astype(np.float32))


@pytest.mark.parametrize(("hz", "gain"), [(100, 6.0), (1000, -4.0), (8000, 3.0)])
def test_a_bell_has_its_gain_at_its_centre_and_none_far_away(hz, gain):
    _, h = sosfreqz(mix.peaking(hz, gain, 0.7), worN=[hz, 1, 22000], fs=44100)
    assert 20 * np.log10(np.abs(h)) == pytest.approx([gain, 0, 0], abs=0.05)


def test_a_room_decays_by_sixty_decibels_in_its_time():
    click = np.zeros(44100 * 3, dtype=np.float32)
    click[0] = 1.0
    wet = mix.room(click, np.random.default_rng(0), t60=1.0, wet_db=0.0)
    assert wet[0] == pytest.approx(1.0)
    power = mix.envelope(wet) ** 2
    early, late = power[10:15].mean(), power[60:65].mean()  # half a second apart: 30 dB
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=2)


def test_an_echo_repeats_in_time():
    click = np.zeros(44100, dtype=np.float32)
    click[100] = 1.0
    out = mix.echo(click, 0.25, feedback=0.5, wet_db=-6.0206)
    assert out[100 + 11025] == pytest.approx(0.5, rel=1e-3) and out[100 + 22050] == pytest.approx(0.25, rel=1e-3)


def test_the_compressor_narrows_the_dynamics():
    loud_and_soft = np.concatenate([TONE, 0.25 * TONE])
    out = mix.envelope(mix.compressed(loud_and_soft, 3.0))
    assert 20 * np.log10(out[100] / out[300]) == pytest.approx(12.04 / 3, abs=1.0)


def test_the_master_is_finite_and_peaks_at_minus_one():
    out = mix.master(TONE, np.random.default_rng(0))
    assert np.abs(out).max() == pytest.approx(0.89, abs=1e-3) and np.isfinite(out).all()
    assert not mix.master(np.zeros(44100, dtype=np.float32), np.random.default_rng(0)).any()
