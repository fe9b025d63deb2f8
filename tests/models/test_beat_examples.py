from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_models import recipe as recipes
from segue_models.paths import Paths
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid
from segue_models.song import hear
from segue_models.track import Track
from segue_models.training import beat_examples, tasks
from segue_models.training.beat_examples import BeatExample, stretch


def example(frames=6000, bands=314):
    """120 bpm from 0.25 s on, bars of four; a feature row holds its own number."""
    features = np.repeat(np.arange(frames, dtype=np.float16)[:, None] / 64, bands, axis=1)
    beats = np.arange(25.0, frames, 50.0)
    return BeatExample("a", "pop909", "CC0", (), True, features, beats, np.arange(len(beats)) % 4 + 1)


def test_a_stretch_holds_its_beats_at_the_nearest_frame_and_half_beside_it():
    x, beats, downbeats = stretch(example(), 100.0, 400, 1.0)
    assert x.shape == (400, 314) and x[0, 0] == pytest.approx(100 / 64, abs=1e-3)
    assert np.flatnonzero(beats == 1.0).tolist() == list(range(25, 400, 50))
    assert np.flatnonzero(beats == 0.5).tolist() == sorted([n + d for n in range(25, 400, 50) for d in (-1, 1)])
    assert np.flatnonzero(downbeats == 1.0).tolist() == [125, 325]  # every fourth from frame 25 of the song


def test_played_faster_beats_come_closer():
    _, beats, _ = stretch(example(), 0.0, 400, 1.25)
    assert np.flatnonzero(beats == 1.0).tolist() == [20, 60, 100, 140, 180, 220, 260, 300, 340, 380]


def test_beyond_the_song_nothing_is_heard():
    x, beats, _ = stretch(example(frames=300), 200.0, 400, 1.0)
    assert not x[100:].any() and not beats[100:].any()


def test_targets_are_one_of_three_classes_and_inputs_are_normalised():
    recipe = recipes.from_dict({
        "name": "r", "task": "downbeats", "architecture": "beat_blstm", "data": {"corpora": []},
        "training": {"batch": 2},
    })  # fmt: skip
    songs = [example(), example()]
    task = tasks.find("downbeats")
    norm = task.normalisation(songs)
    assert norm[0][0] == pytest.approx(songs[0].features[:, 0].astype(float).mean(), rel=1e-3)
    assert norm[1][0] == pytest.approx(songs[0].features[:, 0].astype(float).std(), rel=1e-3)
    batches = list(task.batches(recipe, songs, norm, np.random.default_rng(0), False))
    assert len(batches) == 4
    for x, y, w in batches:
        assert x.shape == (2, beat_examples.STRETCH_FRAMES, 314) and w.shape == (*y.shape[:2], 1)
        assert np.allclose(y.sum(axis=-1), 1.0) and abs(x.mean()) < 2


def test_slow_beats_are_counted_twice_as_the_product_counts_them(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 44100 * 8), 44100)
    grid = BeatGrid(np.arange(0.0, 8.0, 1.0), np.arange(8) % 4 + 1)  # 60 bpm
    track = Track("a", "c", "x", "CC0", tmp_path / "a.wav", np.empty((0, 2)), grid)
    untold = Track("b", "c", "x", "CC0", tmp_path / "a.wav", np.empty((0, 2)))
    where = Paths(tmp_path, tmp_path / "cache", 1)
    (made,) = beat_examples.prepare([track, untold], feature, {"name": "t"}, where, lambda line: None)
    lead = hear(audio.read([track.audio])).lead * 100  # frames of silence that the song begins with
    assert made.features.shape == (801 + int(lead), 2)
    assert made.beats == pytest.approx(lead + np.arange(0, 701, 50), abs=0.01)
    assert made.positions.tolist()[:5] == [1, 2, 3, 4, 1]


def feature(mono):
    return np.zeros((len(mono) // 441 + 1, 2), np.float32)
