import numpy as np
import pytest
import soundfile

from segue_models.signal import onsets
from segue_models.signal.front_end import front_end

RATE = 44100


def detect(mono):
    return onsets.detect(front_end(mono), mono)


def matched(found, truth, window=0.025):
    """F-measure and the errors in seconds of the found onsets that have a partner."""
    import mir_eval

    f, _, _ = mir_eval.onset.f_measure(truth, found, window=window)
    pairs = mir_eval.util.match_events(truth, found, window)
    return f, np.array([found[j] - truth[i] for i, j in pairs])


def notes(starts, pitches, seconds, attack):
    """Harmonic notes of 0.4 s with an attack of `attack` seconds and a slow decay, over a steady bass."""
    t = np.arange(round(0.4 * RATE)) / RATE
    shape = np.minimum(t / attack, 1.0) * np.exp(-t / 0.25) * np.minimum((0.4 - t) / 0.02, 1.0)
    out = 0.05 * np.sin(2 * np.pi * 55 * np.arange(round((seconds + 1) * RATE)) / RATE)
    for start, pitch in zip(starts, pitches, strict=True):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        note = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, 9) if hz * k < 16000)
        at = round(start * RATE)
        out[at : at + len(t)] += 0.15 * shape * note
    return out[: round(seconds * RATE)].astype(np.float32)


def test_clicks_are_found_to_a_few_milliseconds(clicks):
    truth = np.sort(np.random.default_rng(1).choice(np.arange(0.5, 29.5, 0.11), 120, replace=False))
    f, error = matched(detect(clicks(truth, 30.0)), truth)
    assert f >= 0.98
    assert np.abs(error).max() < 0.005


@pytest.mark.parametrize("attack", [0.002, 0.02])
def test_notes_are_found(attack):
    rng = np.random.default_rng(2)
    truth = np.cumsum(rng.choice([0.15, 0.25, 0.5], 80)) + 0.5
    mono = notes(truth, rng.integers(50, 80, 80), truth[-1] + 1.5, attack)
    f, error = matched(detect(mono), truth)
    assert f >= 0.9
    assert abs(np.median(error)) < 0.010 and np.percentile(np.abs(error), 90) < 0.025


def test_what_librosa_hears_on_music_is_heard(data):
    """The second opinion: peaks of a mel flux, on a frame grid of 23 ms, hence the wider window."""
    import librosa

    path = data / "librosa_examples/audio/Kevin_MacLeod_-_Vibe_Ace.ogg"
    stereo, rate = soundfile.read(path, 30 * RATE, 10 * RATE, dtype="float32", always_2d=True)
    assert rate == RATE
    mono = np.ascontiguousarray(stereo.mean(axis=1))
    other = librosa.onset.onset_detect(y=mono, sr=RATE, hop_length=512, units="time")
    f, _ = matched(detect(mono), other, window=0.05)
    assert f >= 0.7


def test_they_come_in_order_and_never_closer_than_editors_cut(clicks):
    truth = np.sort(np.random.default_rng(3).uniform(0.5, 9.5, 200))  # often two within 20 ms
    found = detect(clicks(truth, 10.0))
    assert len(found) > 50 and np.diff(found).min() >= onsets.APART_SECONDS
    assert found.min() >= 0 and found.max() <= 10.0


def test_the_level_of_the_recording_does_not_matter(clicks):
    truth = np.arange(0.5, 9.5, 0.31)
    loud = clicks(truth, 10.0)
    assert matched(detect(0.1 * loud), truth)[0] == matched(detect(loud), truth)[0] == 1.0


@pytest.mark.parametrize("seconds", [0.001, 0.05, 3.0])
def test_silence_has_none(seconds):
    assert len(detect(np.zeros(round(seconds * RATE), np.float32))) == 0


def test_one_click_in_a_short_recording(clicks):
    assert detect(clicks([0.3], 0.6)) == pytest.approx([0.3], abs=0.005)
