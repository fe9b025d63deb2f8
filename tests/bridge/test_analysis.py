"""The main path on real music with the shipped network."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_bridge import demo, model_store
from segue_bridge.analysis import MIN_SCORE, Cancelled, analyse
from segue_bridge.errors import SegueError
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
