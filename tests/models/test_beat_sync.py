from itertools import pairwise

import numpy as np
import pytest
import soundfile

from segue_models.features import beat_sync

RATE = 44100


def midi_hz(note):
    return 440.0 * 2 ** ((note - 69) / 12)


def test_dimensions_of_the_specification(clicks):
    times = np.arange(0.5, 7.6, 0.5)
    mono = clicks(times, 8.0)
    heard = beat_sync.extract(mono)
    assert heard.shape == (801, 45 + 12) and heard.dtype == np.float32
    beats = beat_sync.of_beats(heard, times)
    assert beats.shape == (len(times) - 1, 4 * 45 + 2 * 12) == (14, beat_sync.PERCUSSIVE + beat_sync.HARMONIC)
    assert beats.dtype == np.float32


def test_parts_of_beats_are_the_means_of_their_frames():
    features = np.random.default_rng(0).random((400, 3)).astype(np.float32)
    times = np.array([0.5, 1.0, 1.6, 3.0])
    # The first beat from 20 ms before it; later ones from 50 ms before, for a half of a part is longer than that.
    edges = [0.48, 0.95, 1.55, 2.95]
    expected = []
    for start, stop in pairwise(edges):
        cuts = np.rint(np.linspace(start, stop, 3) * 100).astype(int)
        expected.append(np.concatenate([features[a:b].mean(axis=0) for a, b in pairwise(cuts)]))
    assert np.allclose(beat_sync.on_beats(features, times, 2), expected, atol=1e-6)
    # Short beats in quarters begin half a quarter early: 0.3 / 4 / 2 = 37.5 ms.
    ramp = np.arange(400, dtype=np.float32)[:, None]
    quarters = beat_sync.on_beats(ramp, np.array([1.0, 1.3, 1.6]), 4)
    assert quarters[1, 0] == pytest.approx((1.2625 + 0.3 / 8) * 100, abs=1.0)


def test_an_early_drum_counts_to_its_beat(clicks):
    times = np.arange(1.0, 9.0, 0.5)
    beats = beat_sync.of_beats(beat_sync.extract(clicks(times - 0.03, 10.0)), times)
    drums = beats[:, : beat_sync.PERCUSSIVE].reshape(-1, 4, 45).sum(axis=2)
    assert (drums[1:].argmax(axis=1) == 0).all()


@pytest.mark.parametrize("note", [21, 33, 45, 60, 64, 69, 88, 107])
def test_a_tone_is_in_its_own_pitch_class_with_its_power(sine, note):
    mono = sine(midi_hz(note), 0.2, 4.0)
    powers = np.array([p[100:300].mean() for p in beat_sync.semitone_powers(mono)])
    assert powers.argmax() == note - 21
    assert powers.max() == pytest.approx(0.2**2 / 2, rel=0.02)
    assert beat_sync.chroma(mono)[200].argmax() == note % 12


def test_notes_share_what_lies_between_them_and_lose_nothing(sine):
    powers = np.array([p[100:300].mean() for p in beat_sync.semitone_powers(sine(midi_hz(60.3), 0.2, 4.0))])
    assert powers[60 - 21] == pytest.approx(0.02 * np.cos(0.15 * np.pi) ** 2, rel=0.02)
    assert powers.sum() == pytest.approx(0.02, rel=0.02)


def test_a_note_is_heard_when_it_sounds(sine):
    mono = np.zeros(6 * RATE, np.float32)
    mono[2 * RATE : 4 * RATE] = sine(midi_hz(84), 0.2, 2.0)
    power = list(beat_sync.semitone_powers(mono))[84 - 21]
    heard = np.flatnonzero(power > power.max() / 2)
    assert heard[0] == pytest.approx(200, abs=2) and heard[-1] == pytest.approx(400, abs=2)


def test_chroma_has_length_1_or_is_silent(sine):
    mono = np.concatenate([sine(440.0, 0.1, 2.0), np.zeros(4 * RATE, np.float32)])
    length = np.linalg.norm(beat_sync.chroma(mono), axis=1)
    assert length[100] == pytest.approx(1.0, abs=1e-5) and length[500] == 0.0


def test_the_energy_of_the_notes_is_that_of_the_elliptic_filters_of_the_chroma_toolbox(data):
    import librosa

    path = data / "librosa_examples" / "audio" / "Karissa_Hobbs_-_Lets_Go_Fishin.ogg"
    stereo, _ = soundfile.read(path, 6 * RATE, 20 * RATE, dtype="float32", always_2d=True)
    mono = stereo.mean(axis=1)
    slow = librosa.resample(mono, orig_sr=RATE, target_sr=22_050)
    reference = librosa.iirt(slow, sr=22_050, win_length=4410, hop_length=2205)  # notes 24 to 108, 10 a second
    powers = list(beat_sync.semitone_powers(mono))[24 - 21 :]
    octaves = slice(48 - 24, None)  # below them the elliptic filters ring for longer than what is compared
    tenths = np.arange(2, reference.shape[1] - 2)
    ours = np.array([[p[10 * t - 10 : 10 * t + 10].mean() for t in tenths] for p in powers]) * beat_sync.ENERGY_SAMPLES
    theirs = reference[: len(ours), tenths]
    levels = [np.log1p(beat_sync.COMPRESSION * x[octaves]).ravel() for x in (ours, theirs)]
    assert np.corrcoef(levels)[0, 1] > 0.92
    # Those filters are 0.7 semitones wide and leave out what lies between two notes: log(1.4).
    assert 0.2 < np.mean(levels[0]) - np.mean(levels[1]) < 0.6


@pytest.mark.parametrize("times", [[1.0], [], [1.0, 1.0], [2.0, 1.0]])
def test_less_than_two_beats_are_an_error(times):
    with pytest.raises(ValueError, match="two beats"):
        beat_sync.of_beats(np.zeros((300, 57), np.float32), np.array(times))
