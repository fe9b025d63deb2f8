"""Clips of a song whose every sample is known: where they begin, meet and end."""

import numpy as np
import pytest
import soundfile

from segue_models.evaluation.study import clips
from segue_models.evaluation.study.clips import CLICK_S, EDGE_S
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from test_splice import noise

RATE = 44100
BEAT = 0.5
GRID = BeatGrid(np.arange(0.0, 40.0, BEAT), np.arange(80) % 4 + 1)
NONE = np.empty(0)


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """40 s of stereo noise at 120 BPM with a beat at 0: any two places differ."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, noise(40.0, channels=2), RATE, "FLOAT")
    return clips.hear(Track("song", "ultrastar", "a", "CC0", path, np.empty((0, 2)), GRID), None)


def source(song):
    return soundfile.read(str(song.track.audio), dtype="float32")[0]


def same(clip, at, song, second, seconds):
    """Whether the clip is the recording from `second` on, at `at` seconds of the clip."""
    here, there = round(at * RATE), round(second * RATE)
    count = round(seconds * RATE)
    return np.allclose(clip.samples[here : here + count], source(song)[there : there + count], atol=1e-6)


@pytest.mark.parametrize(("role", "leave", "enter"), [("exit", 10.0, 22.0), ("entry", 22.0, 10.0)])
def test_a_cut_is_four_beats_the_transition_four_beats(song, role, leave, enter):
    clip = clips.render(song, role, 10.0, np.array([15.7, 22.0]), np.array([0.9, 0.6]))
    assert clip.partner == 22.0  # 15.7 s scores better, but lies elsewhere in the bar
    assert (len(clip.samples), clip.join) == (round(8 * BEAT * RATE), pytest.approx(4 * BEAT))
    assert same(clip, 0.1, song, leave - 4 * BEAT + 0.1, 4 * BEAT - 0.2)
    assert same(clip, 4 * BEAT, song, enter, 4 * BEAT - 2 * EDGE_S)


def test_the_best_of_several_partners_is_taken(song):
    times = np.array([18.0, 22.0, 26.0])
    for scores, best in (([0.9, 0.1, 0.1], 18.0), ([0.1, 0.1, 0.9], 26.0)):
        assert clips.render(song, "exit", 10.0, times, np.array(scores)).partner == best


@pytest.mark.parametrize(
    "others", [NONE, np.array([10.7]), np.array([12.0]), np.array([39.5])],
    ids=["none", "elsewhere in the bar", "too near", "nothing left to hear"],
)  # fmt: skip
def test_without_a_partner_a_click_marks_the_cut(song, others):
    clip = clips.render(song, "exit", 10.0, others, np.ones(len(others)))
    assert clip.partner is None and len(clip.samples) == round(8 * BEAT * RATE)
    added = clip.samples - source(song)[round(8.0 * RATE) :][: len(clip.samples)]
    heard = np.flatnonzero(np.abs(added[400:-400]).max(axis=1) > 1e-5) + 400
    assert heard[0] == round(2.0 * RATE) and heard[-1] < round((2.0 + CLICK_S) * RATE)
    assert np.abs(added).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("time", "seconds"), [(0.0, 4 * BEAT), (1.0, 6 * BEAT), (39.0, 6 * BEAT), (40.0, 4 * BEAT)])
@pytest.mark.parametrize("role", ["exit", "entry"])
def test_near_an_end_of_the_song_the_clip_ends_there(song, role, time, seconds):
    clip = clips.render(song, role, time, NONE, NONE)
    assert len(clip.samples) / RATE == pytest.approx(seconds, abs=0.02)


def test_an_exit_at_the_very_start_gets_a_click(song):
    assert clips.render(song, "exit", 0.0, np.array([20.0]), np.ones(1)).partner is None
    assert clips.render(song, "entry", 0.0, np.array([20.0]), np.ones(1)).partner == 20.0


def test_a_clip_begins_and_ends_in_silence_and_never_clips(write):
    loud = write("loud.wav", noise(20.0, level=1.0), subtype="FLOAT")
    song = clips.hear(Track("loud", "ultrastar", "a", "CC0", loud, np.empty((0, 2)), GRID), None)
    clip = clips.render(song, "exit", 10.0, NONE, NONE)
    assert np.abs(clip.samples).max() == 1.0
    assert not clip.samples[0].any() and not clip.samples[-1].any()


def test_beats_are_tracked_where_none_are_annotated(write, clicks):
    path = write("clicks.wav", clicks(np.arange(0.3, 30.0, 0.5), 30.0))
    song = clips.hear(Track("clicks", "ultrastar", "a", "CC0", path, np.empty((0, 2))), None)
    clip = clips.render(song, "exit", 10.3, NONE, NONE)
    assert song.grid.tempo_bpm == pytest.approx(120, abs=1) and clip.join == pytest.approx(2.0, abs=0.03)
