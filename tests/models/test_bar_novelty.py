import itertools
import time

import numpy as np
import pytest

from segue_models.evaluation.boundaries import without_network
from segue_models.sections import bar_novelty, naming
from segue_models.signal.frames import BeatGrid
from segue_models.signal.front_end import front_end

RATE = 44100
BAR = 2.0  # seconds, 120 BPM
CHORDS = {"A": [60, 57, 65, 67], "B": [62, 64, 70, 69], "C": [63, 58, 68, 56]}


def bar(form, number):
    """One bar of a section: its chord as quarters, its own colour and its own beat on noise."""
    root = CHORDS[form][number % 4]
    t = np.arange(round(BAR * RATE)) / RATE
    out = np.zeros(len(t))
    slope = {"A": 1.0, "B": 2.5, "C": 1.6}[form]
    for pitch in (root, root + 4, root + 7):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        out += sum(np.sin(2 * np.pi * hz * k * t) / k**slope for k in range(1, 12)) * np.exp(-(t % 0.5) / 0.3)
    hits = {"A": 0.5, "B": 0.25, "C": 1.0}[form]
    noise = np.random.default_rng(number).normal(size=len(t)) * np.exp(-(t % hits) / 0.02)
    return 0.1 * out + 0.1 * noise


def song(form, bars_each=8):
    """Audio of a form such as AABA, and its beats as they are."""
    mono = np.concatenate([bar(letter, i) for letter in form for i in range(bars_each)]).astype(np.float32)
    return front_end(mono), grid(len(form) * bars_each)


def grid(bars):
    return BeatGrid(np.arange(4 * bars) * BAR / 4, np.arange(4 * bars) % 4 + 1)


def covers(found, front):
    assert found[0].start == 0.0 and found[-1].end == pytest.approx(front.duration)
    assert all(one.end == two.start for one, two in itertools.pairwise(found))
    assert all(part.end > part.start and part.label for part in found)


@pytest.mark.parametrize("form", ["AABA", "ABAB", "ABCB", "ABACAB"])
def test_sections_that_differ_and_repeat_are_found_and_named(form):
    front, beats = song(form)
    found = without_network(front, beats)
    covers(found, front)
    assert [part.label for part in found] == list(form)
    truth = np.arange(len(form)) * 8 * BAR
    assert np.abs([part.start for part in found] - truth).max() < 0.1


def test_a_song_without_change_has_one_letter_for_nearly_all_of_it():
    front, beats = song("A", 32)
    lasts = {}
    for part in without_network(front, beats):
        lasts[part.label] = lasts.get(part.label, 0.0) + part.end - part.start
    assert max(lasts.values()) > 0.9 * front.duration


def test_boundaries_are_downbeats_and_lengths_are_musical(data):
    from segue_models.beats import tracking
    from segue_models.signal import audio, loudness

    sound = audio.read([data / "evr_cc0_stems/audio/1_hydrogen_other.ogg"])
    front = front_end(loudness.to_reference(sound))
    tracked = tracking.track(front).grid
    start = time.process_time()
    found = without_network(front, tracked)
    assert time.process_time() - start < 0.3
    covers(found, front)
    downbeats = tracked.times[tracked.positions == 1]
    assert all(np.abs(downbeats - part.start).min() < 1e-9 for part in found[1:])
    bars = np.array([part.end - part.start for part in found]) / np.median(np.diff(downbeats))
    assert np.mean((bars > 3.5) & (bars < 16.5)) >= 0.8  # what an editor would call a section
    assert 2 <= len({part.label for part in found}) < len(found)  # some repeat, some do not


@pytest.mark.parametrize("seconds", [0.5, 2.0, 4.0, 9.0])
def test_short_recordings_are_covered_too(seconds, sine):
    front = front_end(sine(440, seconds=seconds))
    covers(without_network(front, grid(8)), front)


def test_a_grid_without_a_downbeat_inside_is_one_section(sine):
    front = front_end(sine(440, seconds=5.0))
    late = BeatGrid(np.array([100.0, 100.5]), np.array([1, 2]))
    assert without_network(front, late) == [bar_novelty.Section(0.0, front.duration, "A")]


def test_half_an_hour_takes_a_second_or_two():
    front, _ = song("ABAB", 8)
    long = type(front)(*(np.concatenate([getattr(front, name)] * 28) for name in front.__dataclass_fields__))
    beats = grid(int(long.duration / BAR))
    start = time.process_time()
    covers(without_network(long, beats), long)
    assert time.process_time() - start < 5.0


def test_after_z_labels_go_on():
    assert [naming._letter(n) for n in (0, 25, 26, 27)] == ["A", "Z", "Z1", "Z2"]
