import numpy as np
import pytest

from segue_models.cuts import beat_align
from segue_models.signal.frames import FPS, BeatGrid, frame_count, frame_times

RATE = 44100


def grid(bpm, seconds, first=0.0, swing=0.0):
    times = np.arange(first, seconds, 60 / bpm)
    times = times + swing * 60 / bpm * np.sin(np.arange(len(times)))
    return BeatGrid(times, np.arange(len(times)) % 4 + 1)


def slowly(features, grid, k, duration):
    """Every cell by itself: the mean of what lies on lines between the frames at a thousand moments of it."""
    times = np.arange(len(features)) * 1024 / 44100
    first = int(np.floor(grid.phase(0.0))) * k
    last = int(np.floor(grid.phase(max(duration, times[-1])) * k))
    rows = []
    for j in range(first, last + 1):
        at = np.linspace(*grid.seconds(np.array([j, j + 1]) / k), 2001)[1::2]
        rows.append([np.interp(at, times, column).mean() for column in features.T])
    return np.array(rows), first


@pytest.mark.parametrize("cells_per_beat", [2, 4, 8])
@pytest.mark.parametrize(
    "beats",
    [grid(120, 20), grid(97.3, 20, first=0.31), grid(240, 20, swing=0.1), grid(400, 20), grid(60, 8, first=5.0)],
    ids=["120", "97.3 late start", "240 uneven", "400, cells shorter than frames", "beats in the middle only"],
)
def test_a_cell_is_the_mean_of_its_moments(beats, cells_per_beat):
    seconds = 20.0
    features = np.random.default_rng(0).normal(size=(frame_count(round(seconds * RATE)), 3)).astype(np.float32)
    expected, first = slowly(features, beats, cells_per_beat, seconds)
    aligned = beat_align.align(features, beats, cells_per_beat, seconds)
    assert aligned.first_cell == first and aligned.features.dtype == np.float32
    assert aligned.features.shape == expected.shape
    assert np.allclose(aligned.features, expected, atol=2e-3)


def test_a_moment_later_is_hardly_another_song():
    """Frames that lie a fifth of a frame later change the cells by less than a tenth."""
    rng = np.random.default_rng(0)
    smooth = np.convolve(rng.normal(size=2000), np.hanning(5), "same").astype(np.float32)[:, None]
    beats = grid(120, 46)
    here = beat_align.align(smooth, beats, 16, 46.0).features
    later = np.interp(np.arange(2000) + 0.2, np.arange(2000), smooth[:, 0]).astype(np.float32)[:, None]
    there = beat_align.align(later, beats.later(-0.2 / FPS), 16, 46.0 - 0.2 / FPS).features
    count = min(len(here), len(there))
    assert np.std((here[:count] - there[:count])[16:-16]) < 0.1 * np.std(smooth)


def test_what_is_constant_stays_constant():
    features = np.full((2000, 2), 3.5, np.float32)
    for bpm in (55, 120, 400):
        assert np.all(beat_align.align(features, grid(bpm, 46), 8, 46.0).features == 3.5)


@pytest.mark.parametrize("bpm", [55, 120, 215])
def test_a_ramp_stays_a_ramp(bpm):
    """The mean of a ramp over a cell is its value at the cell's centre, to half a frame."""
    times = frame_times(2000)
    beats = grid(bpm, 46)
    aligned = beat_align.align(times[:, None].astype(np.float32), beats, 8, float(times[-1]))
    centres = beats.seconds((np.arange(len(aligned.features)) + aligned.first_cell + 0.5) / 8)
    error = np.abs(aligned.features[1:-1, 0] - centres[1:-1])
    assert error.max() <= 0.5 / FPS + 1e-6 and error.mean() < 0.3 / FPS


def test_a_song_at_two_tempi_has_the_same_cells():
    """The purpose of it all: one bar of a pattern looks alike at 90 and at 135 BPM."""

    def song(bpm):
        phase = grid(bpm, 60).phase(frame_times(2000))
        return np.cos(2 * np.pi * phase / 4)[:, None].astype(np.float32)

    slow = beat_align.align(song(90), grid(90, 60), 4, 40.0).features[:200]
    fast = beat_align.align(song(135), grid(135, 60), 4, 40.0).features[:200]
    assert np.corrcoef(slow[:, 0], fast[:, 0])[0, 1] > 0.995


def test_cells_reach_to_the_end_of_the_song():
    features = np.zeros((432, 1), np.float32)
    aligned = beat_align.align(features, grid(120, 20), 8, 10.0)
    assert aligned.first_cell + len(aligned.features) > beat_align.cells(grid(120, 20), 10.0, 8)


def test_an_onset_on_the_beat_opens_its_cell_and_may_be_a_quarter_cell_early():
    beats = grid(120, 20)  # a beat is 0.5 s, a cell of 8 is 62.5 ms
    for k in (2, 4, 8):
        assert beat_align.cells(beats, beats.times, k).tolist() == (np.arange(len(beats.times)) * k).tolist()
    quarter = 0.5 / 8 / 4
    assert beat_align.cells(beats, [5.0 - quarter + 1e-4, 5.0 - quarter - 1e-4], 8).tolist() == [80, 79]
    assert beat_align.cells(beats, [5.0 + 0.5 / 8 - quarter - 1e-4], 8).tolist() == [80]


def test_one_frame_is_enough():
    aligned = beat_align.align(np.ones((1, 2), np.float32), grid(120, 4), 8, 0.02)
    assert np.all(aligned.features == 1.0)


def test_a_bar_begins_where_its_first_beat_does():
    waltz = BeatGrid(np.arange(0.1, 20, 0.5), np.arange(40) % 3 + 1, 3)
    times = [0.1, 0.09, 0.6, 1.6, 1.68, 1.72, 3.09]
    assert beat_align.on_downbeat(waltz, times, 4).tolist() == [True, True, False, True, True, False, True]
