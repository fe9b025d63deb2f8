"""The main path on real music with the shipped network."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_bridge import analysis, demo, model_store
from segue_bridge.analysis import Cancelled, analyse
from segue_bridge.errors import SegueError
from segue_bridge.picking import MIN_SCORE
from segue_bridge.result import Options, Region


@pytest.fixture(scope="module")
def whole():
    return analyse(Region((demo.SONG,)), Options())


def test_the_demo_song_has_cuts_beats_and_sections_as_it_was_composed(whole):
    from segue_bridge.demo import compose

    assert whole.tempo == pytest.approx(compose.BPM, rel=0.005)
    assert {c.kind for c in whole.cuts} == {"exit", "entry"}
    assert [c.id for c in whole.cuts] == list(range(len(whole.cuts)))
    assert [c.time for c in whole.cuts] == sorted(c.time for c in whole.cuts)
    assert all(MIN_SCORE <= c.score <= 1 for c in whole.cuts)
    assert whole.sections[0].start == 0 and whole.sections[-1].end == pytest.approx(whole.audio.duration, abs=0.05)
    for a, b in zip(whole.sections, whole.sections[1:], strict=False):
        assert a.end == b.start


def test_transitions_join_an_exit_to_an_entry_at_the_same_place_in_the_bar(whole):
    cuts = {c.id: c for c in whole.cuts}
    assert whole.transitions
    for t in whole.transitions:
        leave, enter = cuts[t.exit], cuts[t.entry]
        assert (leave.kind, enter.kind) == ("exit", "entry")
        apart = (leave.beat - enter.beat + 2) % 4 - 2
        assert abs(apart) <= 0.13 + 0.02


def test_times_of_a_region_are_those_of_the_file(whole):
    part = analyse(Region((demo.SONG,), 20.0, 40.0), Options(min_score=0.0))
    assert all(20.0 <= c.time <= 60.0 for c in part.cuts)
    assert part.sections[0].start == 20.0
    assert part.audio.duration == whole.audio.duration
    beats, all_beats = np.array([b.time for b in part.beats]), np.array([b.time for b in whole.beats])
    nearest = np.abs(beats[:, None] - all_beats[None, :]).min(axis=1)
    assert np.median(nearest) < 0.02


def test_channels_in_two_files_are_one_recording(whole, tmp_path):
    samples, rate = soundfile.read(demo.SONG)
    paths = (tmp_path / "song%L.wav", tmp_path / "song%R.wav")
    for path, channel in zip(paths, samples.T, strict=True):
        soundfile.write(path, channel, rate, subtype="FLOAT")
    split = analyse(Region(paths), Options())
    assert [(c.kind, round(c.time, 3)) for c in split.cuts] == [(c.kind, round(c.time, 3)) for c in whole.cuts]


def test_options_limit_what_is_returned():
    few = analyse(Region((demo.SONG,)), Options(top=2, min_score=0.0))
    assert [sum(c.kind == kind for c in few.cuts) for kind in ("exit", "entry")] == [2, 2]
    none = analyse(Region((demo.SONG,)), Options(min_score=1.0))
    assert none.cuts == [] and none.transitions == [] and "good enough" in none.warnings[0]


def test_it_can_be_stopped_between_stages():
    stages = []

    def progress(fraction, stage):
        stages.append((fraction, stage))

    with pytest.raises(Cancelled):
        analyse(Region((demo.SONG,)), Options(), progress, lambda: len(stages) == 3)
    assert [s for _, s in stages] == ["audio", "loudness", "features"]


@pytest.mark.parametrize(("seconds", "code"), [(10.0, "silence"), (0.2, "too_short")])
def test_silence_and_next_to_nothing_are_refused(tmp_path: Path, seconds, code):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(round(44100 * seconds)), 44100)
    with pytest.raises(SegueError) as fault:
        analyse(Region((path,)), Options())
    assert fault.value.code == code


def test_a_missing_or_broken_model_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(model_store, "available", lambda: [])
    with pytest.raises(SegueError, match="reinstall") as fault:
        analyse(Region((demo.SONG,)), Options())
    assert fault.value.code == "no_model"
    broken = tmp_path / "cuts.onnx"
    broken.write_bytes(b"no model")
    monkeypatch.setattr(model_store, "available", lambda: [model_store.Stored("cuts", broken, False)])
    with pytest.raises(SegueError, match="not an ONNX model"):
        analyse(Region((demo.SONG,)), Options())


def speech(path: Path) -> Path:
    """Half a minute of syllables at no steady distance, voiced like vowels."""
    rng = np.random.default_rng(2)
    t = np.arange(30 * 44100) / 44100
    loud = np.zeros(len(t))
    at = 0.3
    while at < 29:
        length = int(44100 * rng.uniform(0.08, 0.3))
        first = int(at * 44100)
        loud[first : first + length] += np.hanning(length)[: len(loud) - first] * rng.uniform(0.3, 1.0)
        at += length / 44100 + rng.choice([0.02, 0.05, 0.4, 0.9], p=[0.5, 0.3, 0.15, 0.05])
    voice = sum(np.sin(2 * np.pi * n * 120 * t + 3 * np.sin(2 * np.pi * 0.7 * t)) / n for n in range(1, 12))
    soundfile.write(path, 0.1 * loud * voice, 44100)
    return path


def test_without_a_steady_beat_scores_are_lowered_and_it_is_said(tmp_path, monkeypatch):
    region = Region((speech(tmp_path / "speech.wav"),))
    doubtful = analyse(region, Options(min_score=0.0))
    assert "no steady beat" in doubtful.warnings[0] and doubtful.beats
    monkeypatch.setattr(analysis.beats, "SURE", 0.0)
    trusted = analyse(region, Options(min_score=0.0))
    assert not any("steady beat" in warning for warning in trusted.warnings)
    assert max(c.score for c in doubtful.cuts) < max(c.score for c in trusted.cuts)


def test_where_nothing_beats_at_all_the_grid_is_even(tmp_path):
    path = tmp_path / "drone.wav"
    t = np.arange(20 * 44100) / 44100
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 110 * t) * np.minimum(1, t / 10), 44100)
    found = analyse(Region((path,)), Options())
    assert "no steady beat" in found.warnings[0] and found.cuts == []
    assert np.diff([b.time for b in found.beats]).min() > 0.3


def test_a_song_with_a_beat_is_not_doubted(whole):
    assert whole.warnings == []
