from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_models.beats import tracking
from segue_models.beats.tracking import NoBeats
from segue_models.serving import inference
from segue_models.signal import audio, loudness
from segue_models.signal.front_end import front_end

RATE = 44100
SONGS = {"1_hydrogen": 132, "4_potassium": 90, "7_francium": 128}


def f_measure(truth, found):
    import mir_eval

    return mir_eval.beat.f_measure(mir_eval.beat.trim_beats(truth), mir_eval.beat.trim_beats(found))


@pytest.mark.parametrize("bpm", [81.0, 97.3, 124.9, 126.3, 157.0])
def test_a_click_track_is_followed_to_its_end(clicks, bpm):
    times = np.arange(0.4, 59.5, 60 / bpm)
    grid = tracking.track(front_end(clicks(times, 60.0))).grid
    assert f_measure(times, grid.times) > 0.98
    assert grid.tempo_bpm == pytest.approx(bpm, rel=0.01)
    error = np.array([np.abs(grid.times - t).min() for t in times])
    assert np.median(error) < 0.02  # a frame is 23 ms


@pytest.mark.parametrize("bpm", [45.0, 70.0, 200.0])
def test_clicks_far_from_usual_tempi_are_counted_at_theirs_or_an_octave_away(clicks, bpm):
    tempo = tracking.track(front_end(clicks(np.arange(0.4, 59.5, 60 / bpm), 60.0))).grid.tempo_bpm
    octaves = np.log2(tempo / bpm)
    assert octaves == pytest.approx(round(octaves), abs=0.01) and abs(octaves) < 1.5


def test_players_who_slow_down_and_speed_up_are_followed(clicks):
    step = 0.5 * (1 + 0.08 * np.sin(2 * np.pi * np.arange(118) / 59))
    times = 0.5 + np.cumsum(step)
    grid = tracking.track(front_end(clicks(times, times[-1] + 1))).grid
    assert f_measure(times, grid.times) > 0.95


def test_the_grid_covers_a_silent_start_and_end(clicks):
    grid = tracking.track(front_end(clicks(np.arange(10.0, 40.0, 0.5), 60.0))).grid
    assert 0 <= grid.times[0] < 0.5
    assert 59.4 < grid.times[-1] <= 60.5
    assert np.diff(grid.times) == pytest.approx(0.5, abs=0.03)
    assert set(grid.positions) == set(range(1, grid.beats_per_bar + 1))


@pytest.mark.parametrize("seconds", [0.2, 2.0, 30.0])
def test_silence_has_no_beat(seconds):
    with pytest.raises(NoBeats, match="next to nothing"):
        tracking.track(front_end(np.zeros(round(seconds * RATE), np.float32)))


def test_one_click_is_the_beat_of_an_even_grid(clicks):
    """Nothing repeats, so nothing tells the tempo; but what there is stands on a beat."""
    grid = tracking.track(front_end(clicks([5.0], 10.0))).grid
    assert np.ptp(np.diff(grid.times)) < 0.01 and 80 <= grid.tempo_bpm <= 160
    assert np.abs(grid.times - 5.0).min() < 0.03
    assert grid.times[0] < 60 / 80 and grid.times[-1] > 10 - 60 / 80


def test_real_songs(data):
    """Electronic pop with singing, its stems added up, annotated from the published tempo."""
    scores = []
    for name, bpm in SONGS.items():
        stems = sorted((data / "evr_cc0_stems/audio").glob(f"{name}_*.ogg"))
        mix = sum(soundfile.read(stem, dtype="float32")[0] for stem in stems)
        grid = tracking.track(front_end(loudness.to_reference(audio.Audio(mix[None], RATE, len(mix) / RATE)))).grid
        truth = np.loadtxt(data / f"evr_cc0_stems/annotations/{name}.beats")
        assert grid.tempo_bpm == pytest.approx(bpm, rel=0.01) and grid.beats_per_bar == 4
        downbeats = truth[truth[:, 1] == 1, 0], grid.times[grid.positions == 1]
        scores.append((f_measure(truth[:, 0], grid.times), f_measure(*downbeats)))
    assert np.mean(scores, axis=0).min() > 0.95


def test_as_good_as_librosa_where_librosa_is_good(data):
    import librosa

    path = data / "librosa_examples/audio/Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.ogg"
    mono = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    front = front_end(mono)
    grid = tracking.track(front).grid
    _, other = librosa.beat.beat_track(y=mono, sr=RATE, units="time", start_bpm=grid.tempo_bpm, hop_length=512)
    assert f_measure(np.asarray(other), grid.times) > 0.8


@pytest.fixture(scope="module")
def network():
    return inference.load(Path(str(files("segue_bridge"))) / "shipped" / "beats.onnx")


@pytest.fixture(scope="module")
def song():
    sound = audio.read([Path(str(files("segue_bridge"))) / "demo" / "song.ogg"])
    return loudness.to_reference(sound)


def test_half_a_minute_at_a_time_the_network_hears_what_it_hears_in_the_whole_song(network, song, monkeypatch):
    parts = tracking.activations(song, network)
    monkeypatch.setattr(tracking, "SEGMENT_FRAMES", 1 << 20)
    whole = tracking.activations(song, network)
    assert parts.shape == whole.shape == (len(song) // 441 + 1, 3)
    assert np.allclose(parts.sum(axis=1), 1.0, atol=1e-5)
    assert np.abs(parts - whole).max() < 0.02


def test_music_is_believed_and_noise_speech_and_free_rhythm_are_not(network, song):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 30 * RATE).astype(np.float32)
    t = np.arange(60 * RATE) / RATE
    swell = (0.1 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(2 * np.pi * t / 7.3))).astype(np.float32)
    scattered = np.zeros(60 * RATE, np.float32)
    for at in rng.uniform(0.5, 59, 80):
        scattered[int(at * RATE) : int(at * RATE) + 2000] += rng.normal(0, 0.2, 2000).astype(np.float32)

    def believed(mono):
        return tracking.track(front_end(mono), tracking.activations(mono, network)).believed

    assert believed(song)
    assert not believed(noise) and not believed(swell) and not believed(scattered)


def test_an_even_grid_covers_what_has_no_beat():
    grid = tracking.even(10.2)
    assert grid.tempo_bpm == 120.0 and grid.barless
    assert grid.times[0] == 0.0 and grid.times[-1] == 10.0
    assert len(tracking.even(0.1).times) >= 2


def test_hits_that_wander_are_not_believed_though_each_is_heard():
    """A second network says where each hit is; but nobody could tap along."""
    rng = np.random.default_rng(4)

    def beats(spread):
        times = 0.5 + np.cumsum(0.5 * (1 + spread * rng.standard_normal(100)).clip(0.2))
        clip = np.zeros(round((times[-1] + 0.5) * RATE), np.float32)
        for at in times:
            clip[round(at * RATE) : round(at * RATE) + 2000] += rng.normal(0, 0.2, 2000).astype(np.float32)
        heard = np.full((round(times[-1] * 100) + 51, 3), 0.005, np.float32)
        heard[np.rint(times * 100).astype(int), 1] = 0.9
        heard[:, 0] = 1.0 - heard[:, 1]
        return tracking.track(front_end(clip), heard)

    assert beats(0.004).believed and not beats(0.4).believed


def test_music_that_begins_on_a_beat_keeps_it(clicks):
    """What is cut from its first sound on begins a moment after the beat, where nothing rises any more."""
    mono = clicks(np.arange(0.0, 30.0, 0.5), 30.0)[30:]
    grid = tracking.track(front_end(mono)).grid
    assert grid.times[:3] == pytest.approx([0.0, 0.5, 1.0], abs=0.02)


def scattered(rng, seconds, count):
    return np.sort(rng.uniform(0.5, seconds, count))


@pytest.fixture
def introduced(clicks):
    """(front end, beats) of players after half a minute of scattered hits."""
    rng = np.random.default_rng(1)
    times = 30 + np.cumsum(0.5 * (1 + 0.06 * np.sin(2 * np.pi * np.arange(180) / 59)))
    mono = clicks(np.append(scattered(rng, 29.0, 70), times), float(times[-1]) + 1)
    return front_end(mono), times


def test_a_free_introduction_claims_no_bars_and_bends_no_beat_after_it(introduced):
    front, times = introduced
    beats = tracking.track(front)
    ((start, end),) = beats.grid.free
    assert start == 0.0 and end == pytest.approx(30, abs=2) and end in beats.grid.times[beats.grid.positions == 1]
    assert not beats.click and beats.pulse >= tracking.PULSE_SHARE
    assert f_measure(times[5:] - 30, beats.grid.times[beats.grid.times > 32] - 30) > 0.95


@pytest.mark.parametrize("silent", [True, False])
def test_in_music_made_to_a_click_bars_go_on_through_a_breakdown(clicks, silent):
    times = np.arange(0.5, 119.5, 0.5)
    mono = clicks(times[(times < 40) | (times > 70)], 120.0)
    if not silent:
        t = np.arange(40 * RATE, 70 * RATE)
        mono[t] += (0.05 * np.sin(2 * np.pi * 220 * t / RATE)).astype(np.float32)
    assert tracking.track(front_end(mono)).grid.free == ()
