"""Features and labels of the demo's song, whose score is known."""

import os
from dataclasses import fields, replace

import numpy as np
import pytest
import soundfile

from segue_bridge import demo
from segue_bridge.demo import compose
from segue_models.beats import tracking
from segue_models.paths import Paths, default_paths
from segue_models.recipe import Data
from segue_models.signal import audio, music
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from segue_models.training import examples
from segue_models.training.examples import ROLES

QUARTER = 60 / compose.BPM
STARTS = np.array([compose.LEAD_IN + start * QUARTER for start, _, _ in compose.sections()])
ENTRY, EXIT = ROLES.index("entry"), ROLES.index("exit")


def sung() -> np.ndarray:
    """Every note of the voice in seconds of the audio."""
    notes = [
        (start + at * QUARTER, start + (at + length) * QUARTER)
        for start, (_, name, _) in zip(STARTS, compose.sections(), strict=True)
        for at, length, _ in compose.sung(name)
    ]
    return np.array(sorted(notes))


@pytest.fixture(scope="module")
def track() -> Track:
    beats = np.arange(152)
    grid = BeatGrid(compose.LEAD_IN + beats * QUARTER, beats % 4 + 1)
    return Track("demo", "pop909", "us", "MIT", demo.SONG, sung(), grid, STARTS[1:], trainable=True, voices=("nobody",))


@pytest.fixture(scope="module")
def example(track) -> examples.Example:
    return examples.make(track, examples.hear(track, "gammatone"), Data(()))


def at(example, seconds: float) -> int:
    """The onset nearest to a time; fails where none is within 50 ms."""
    nearest = int(np.abs(example.onset_times - seconds).argmin())
    assert abs(example.onset_times[nearest] - seconds) < 0.05
    return nearest


def test_what_the_track_says_is_kept(example):
    assert (example.name, example.licence, example.trainable, example.voices) == ("demo", "MIT", True, ("nobody",))


def test_a_cell_is_a_quarter_of_a_beat_of_75_bands(example):
    assert example.features.shape[1] == 75 and example.features.dtype == np.float16
    duration = soundfile.info(demo.SONG).duration
    assert len(example.features) == pytest.approx(4 * duration / QUARTER, rel=0.02)
    assert len(example.dense) == len(example.features)
    rise = np.diff(example.onset_cells)
    assert (rise >= 0).all() and example.onset_cells.max() < len(example.features)
    seconds = np.polyfit(example.onset_cells, example.onset_times, 1)[0]
    assert seconds == pytest.approx(QUARTER / 4, rel=0.01)


def test_the_pickup_of_a_chorus_is_an_entry_and_the_middle_of_a_line_is_nothing(example):
    for start in STARTS[[2, 4]]:  # the choruses: their tune begins a beat before them, after a rest
        assert example.labels[at(example, start - QUARTER), ENTRY]
        assert not example.labels[at(example, start + QUARTER * 1.5)].any()
    assert example.labels[at(example, STARTS[0]), EXIT]  # nobody sings in the introduction


def test_candidates_lie_from_8_beats_before_to_4_after_a_boundary(example):
    beats = (example.onset_times[:, None] - STARTS[None, 1:]) / QUARTER
    inside = ((beats > -7.9) & (beats < 3.9)).any(axis=1)
    outside = ((beats < -8.1) | (beats > 4.1)).all(axis=1)
    assert example.near_boundary[inside].all() and not example.near_boundary[outside].any()
    clear = np.abs(np.abs(beats).min(axis=1) - np.sort(np.abs(beats), axis=1)[:, 1]) > 0.1
    assert (example.boundary[clear] == np.abs(beats).argmin(axis=1)[clear]).all()


def test_in_a_bed_nothing_is_known(track, example):
    bed = replace(track, unphrased_spans=np.array([[STARTS[2], STARTS[3]]]))
    made = examples.make(bed, examples.hear(track, "gammatone"), Data(()))
    inside = (example.onset_times >= STARTS[2]) & (example.onset_times < STARTS[3])
    assert np.array_equal(made.known, ~inside) and not made.near_boundary[inside].any()
    assert np.array_equal(made.near_boundary[~inside], example.near_boundary[~inside])
    assert (~made.dense_known).sum() * QUARTER / 4 == pytest.approx(STARTS[3] - STARTS[2], abs=QUARTER)
    assert example.known.all() and example.dense_known.all()


def test_downbeats_are_those_of_the_score(example):
    bars = (example.onset_times - compose.LEAD_IN) / (4 * QUARTER)
    off = np.abs(bars - np.round(bars)) * 4 * QUARTER
    assert example.on_downbeat[off < 0.06].all() and not example.on_downbeat[off > 0.08].any()


def test_the_lead_sounds_in_as_many_cells_as_it_is_sung(example):
    seconds = float(np.diff(sung(), axis=1).sum())
    assert example.dense[:, 2].sum() * QUARTER / 4 == pytest.approx(seconds, rel=0.05)


def test_examples_are_kept_and_a_song_that_fails_is_told(track, example, tmp_path, write):
    silent = Track("silent", "pop909", "us", "MIT", write("silent.wav", np.zeros(44100 * 10)), np.empty((0, 2)))
    said = []
    first = examples.prepare([track, silent], Data(()), Paths(tmp_path, tmp_path, 1), lambda *what: said.append(what))
    assert [e.name for e in first] == ["demo"]
    assert said[0] == (1, 2, "demo") and said[1][:2] == (2, 2) and said[1][2].startswith("pop909/silent: ")
    (kept,) = (tmp_path / "heard").glob("*.npz")
    made = os.stat(kept).st_mtime_ns
    second = examples.prepare([track], Data(()), Paths(tmp_path, tmp_path, 1))[0]
    assert os.stat(kept).st_mtime_ns == made
    for field in fields(second):
        one, other = getattr(second, field.name), getattr(example, field.name)
        # Frames are kept as float16.
        same = np.allclose(one, other, atol=0.01) if field.name == "features" else np.array_equal(one, other)
        assert same, field.name


def test_beats_are_those_that_serving_hears(track, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tracking, "activations", lambda mono, network: asked.append(network))
    where = Paths(tmp_path, tmp_path, 1, default_paths().beats)
    alone = examples._made(track, Data(()), Paths(tmp_path, tmp_path, 1))
    assert not asked
    both = examples._made(track, Data(()), where)
    assert [network.card.task for network in asked] == ["downbeats"]
    assert len(list((tmp_path / "heard").glob("*.npz"))) == 2  # neither is taken for the other
    assert (alone.name, len(alone.features)) == (both.name, len(both.features))  # the fake heard nothing


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    return Paths(folder, folder, 1)


@pytest.mark.long
@pytest.mark.parametrize(("feature", "bands"), [("gammatone", 75), ("cqt", 96), ("handcrafted", 36)])
def test_frames_of_every_feature_are_listened_to_once_for_all_resolutions(
    track, example, cache, monkeypatch, feature, bands
):
    fine = examples.prepare([track], Data((), feature=feature, time_base="frames"), cache)[0]
    assert len(list((cache.cache / "heard").glob("*.npz"))) == ["gammatone", "cqt", "handcrafted"].index(feature) + 1
    played = music.trimmed(audio.read([demo.SONG]))
    frames = len(played.samples) // 1024 + 1
    assert fine.features.shape == (frames, bands) and fine.features.dtype == np.float16
    centres = played.start + fine.onset_cells * 1024 / 44100
    assert np.abs(centres - fine.onset_times).max() < 0.5 * 1024 / 44100 + 1e-9
    monkeypatch.setattr(examples, "hear", None)  # nobody listens again
    for pooled in (2, 4, 8):
        coarse = examples.prepare([track], Data((), feature=feature, time_base="frames", pooled=pooled), cache)[0]
        assert len(coarse.features) == len(coarse.dense) == frames // pooled
        first = fine.features[: frames // pooled * pooled].reshape(-1, pooled, bands).astype(float).mean(axis=1)
        assert np.allclose(coarse.features, first, rtol=2e-3, atol=2e-3)
        assert np.array_equal(coarse.labels, fine.labels) and np.array_equal(coarse.onset_times, fine.onset_times)
        # As much is sung, whatever the rows.
        assert coarse.dense[:, 2].mean() == pytest.approx(fine.dense[:, 2].mean(), abs=0.01)
    assert np.array_equal(fine.labels, example.labels)


@pytest.mark.long
def test_any_feature_may_be_laid_on_beats(track, example, cache):
    data = Data((), feature="cqt", cells_per_beat=8)
    found = examples.prepare([track], data, cache)[0]
    assert found.features.shape == (pytest.approx(2 * len(example.features), abs=2), 96)
    assert np.abs(found.onset_cells / 2 - example.onset_cells).max() <= 1
