"""The one way to hear a song, and that nothing goes another way."""

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from segue_models.beats import tracking
from segue_models.beats.user_grid import UserGrid
from segue_models.signal.audio import Audio
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.song import hear

ROOT = Path(__file__).parents[2]
PARTS = {  # what only `song.py` may call, and who may besides, each for what no song is heard by
    ("music", "trimmed"): (),
    ("front_end", "front_end"): ("segue_models/features/gammatone.py",),
    ("onsets", "detect"): (),
    ("tracking", "track"): (),
    ("tracking", "activations"): ("segue_bridge/rehearsal.py",),
    ("segmentation", "curve"): ("segue_bridge/rehearsal.py",),
    ("segmentation", "divide"): (),
}


def sound(mono):
    return Audio(np.asarray(mono, np.float32)[None], RATE_HZ, len(mono) / RATE_HZ)


@cache
def all_calls():
    """Each file of ours and the calls in it."""
    files = [path for package in ("bridge", "exporter", "models") for path in (ROOT / package).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return [
        (path, [node for node in ast.walk(tree) if isinstance(node, ast.Call)])
        for path, tree in zip(files, trees, strict=True)
    ]


def callers(module, function):
    """Files of ours that call a function of a module, other than its own."""
    found = set()
    for path, calls in all_calls():
        for node in calls:
            by_module = isinstance(node.func, ast.Attribute) and node.func.attr == function
            by_module = by_module and isinstance(node.func.value, ast.Name) and node.func.value.id == module
            by_name = isinstance(node.func, ast.Name) and node.func.id == function == module
            if (by_module or by_name) and path.stem != module:
                found.add(path.relative_to(ROOT).as_posix().partition("/")[2])
    return found


@pytest.mark.parametrize(("module", "function"), PARTS)
def test_a_song_is_heard_in_one_place(module, function):
    assert callers(module, function) == {"segue_models/song.py", *PARTS[module, function]}


def test_times_are_from_where_the_music_begins(clicks):
    times = np.arange(0.0, 20.0, 0.5)
    late = np.concatenate([np.zeros(3 * RATE_HZ, np.float32), clicks(times, 20.0)])
    song = hear(sound(late))
    assert song.start == pytest.approx(3.0, abs=0.01) and song.duration == pytest.approx(19.6, abs=0.4)
    assert song.onsets[:9] == pytest.approx(times[1:10], abs=0.015)
    assert song.beats is not None and song.beats.grid.tempo_bpm == pytest.approx(120, abs=0.5)


def test_a_part_is_computed_when_it_is_asked_for_and_once(monkeypatch, clicks):
    calls = []
    beats = tracking.Beats(tracking.even(10.0), 1.0, 1.0)
    monkeypatch.setattr(tracking, "track", lambda front, heard: calls.append(front) or beats)
    song = hear(sound(clicks(np.arange(0.0, 10.0, 0.5), 10.0)))
    assert calls == []
    assert song.grid is song.grid and not song.free_time
    assert len(calls) == 1


def test_without_a_beat_the_time_is_free_and_the_grid_even_without_bars():
    song = hear(sound(np.sin(np.arange(2 * RATE_HZ) / 30)))  # too short to beat
    assert song.beats is None and song.free_time
    assert song.grid.barless and song.grid.tempo_bpm == pytest.approx(tracking.EVEN_BPM)


def test_beats_that_are_not_believed_are_not_used(monkeypatch, clicks):
    grid = BeatGrid(np.arange(0.0, 10.0, 0.4), np.arange(25) % 4 + 1)
    for pulse, sure in ((0.39, 1.0), (1.0, 0.49)):
        monkeypatch.setattr(tracking, "track", lambda front, heard, of=(pulse, sure): tracking.Beats(grid, *of))
        song = hear(sound(clicks(np.arange(0.0, 10.0, 0.5), 10.0)))
        assert song.free_time and song.grid.barless


def test_silence_has_no_samples():
    assert hear(sound(np.zeros(RATE_HZ))).duration == 0.0


def test_sections_need_their_network(clicks):
    with pytest.raises(ValueError, match="network"):
        _ = hear(sound(clicks(np.arange(0.0, 10.0, 0.5), 10.0))).sections


def test_whoever_says_how_it_is_counted_has_it_counted_all_the_way(monkeypatch, clicks):
    grid = BeatGrid(np.arange(0.0, 10.0, 0.5), np.arange(20) % 4 + 1, free=((0.0, 4.0),))
    monkeypatch.setattr(tracking, "track", lambda front, heard: tracking.Beats(grid, 1.0, 1.0))
    song = hear(sound(clicks(np.arange(0.0, 10.0, 0.5), 10.0)))
    assert song.grid.free == ((0.0, 4.0),)
    assert song.on(UserGrid(shift=1.0)).grid.free == ()
