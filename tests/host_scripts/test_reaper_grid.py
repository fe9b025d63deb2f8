"""The project's grid in the fake REAPER, in both Luas: what the daemon is told against the tempo map by hand."""

from dataclasses import replace

import numpy as np
import pytest

from conformance import cuts, found
from reaper_session import BOTH, session
from scripted_daemon import song
from segue_models.beats.user_grid import UserGrid

# 4/4 at 120 bpm, from the third bar on 7/8 at 90 bpm.
TEMPI = "fake.project.tempi = { { 0, 120, 4, 4 }, { 8, 90, 7, 8 } }"


@pytest.fixture(params=BOTH)
def rig(request, tmp_path):
    with session(request.param, tmp_path) as (reaper, daemon):
        daemon.answer = lambda region, cancelled: found(*cuts(2))
        yield reaper, daemon, song(tmp_path / "song.wav", 44100)


@pytest.mark.parametrize(
    ("item", "line", "bar"),
    [
        ({}, 0.0, 1),
        ({"position": 3.0, "offset": 2.5, "length": 7.0}, 4.0, 2),
        ({"position": 8.0, "rate": 2.0, "length": 5.0}, 11.5, 4),
        ({"position": 4.0, "offset": -3.0, "length": 10.0}, 11.5, 4),  # the file begins at 7 s
    ],
)
def test_the_daemon_is_told_the_tempo_map_under_the_item(rig, item, line, bar):
    reaper, daemon, path = rig
    reaper.lua(TEMPI)
    reaper.add_item(path, **item)
    reaper.action("use_session_grid")
    assert reaper.told() == []
    told = daemon.grid.tempo_map
    quarters = np.arange(line, told.points[-1][1], 0.5)
    timeline = np.where(quarters < 8, quarters / 2, 4 + (quarters - 8) * 2 / 3)
    truth = item.get("offset", 0.0) + (timeline - item.get("position", 0.0)) * item.get("rate", 1.0)
    seconds, at = np.array(told.points).T
    assert np.abs(np.interp(quarters, at, seconds) - truth).max() < 4e-5
    (asked,) = daemon.asked
    assert seconds[-1] >= asked.start + asked.length and len(told.points) <= 3
    here = (line, 4, 4) if line < 8 else (line, 7, 8)
    assert told.signatures == (here, *([(8.0, 7, 8)] if line < 8 else []))
    assert told.first_bar == bar
    assert len(reaper.take_markers()) == 2


def test_bars_are_counted_as_the_ruler_does(rig):
    reaper, daemon, path = rig
    reaper.lua("fake.project.first_bar = -3")
    reaper.add_item(path, position=2.0)
    reaper.action("use_session_grid")
    assert daemon.grid.tempo_map.first_bar == -2


def test_a_warning_is_told_and_previews_go_on_from_that_grid(rig):
    reaper, daemon, path = rig
    daemon.answer = lambda region, cancelled: replace(found(*cuts(2)), warnings=["little is played on its beats"])
    reaper.add_item(path)
    reaper.action("use_session_grid")
    assert reaper.told() == ["little is played on its beats"]
    reaper.action("mark_cuts")
    assert daemon.grid is None


def test_corrections_add_up_until_the_beats_are_found_again(rig):
    reaper, daemon, path = rig
    reaper.add_item(path)
    for action in ("beats_later", "double_tempo", "three_in_bar"):
        reaper.action(action)
    assert daemon.grid == UserGrid(meter=(3, 4), tempo="double", shift=1.0)
    reaper.action("halve_tempo")
    assert daemon.grid == UserGrid(meter=(3, 4), shift=0.5)
    assert len(reaper.take_markers()) == 2
    reaper.action("mark_cuts")
    reaper.action("halve_tempo")
    assert daemon.grid == UserGrid(tempo="half")
    reaper.action("use_session_grid")
    reaper.action("beats_later")
    assert [told for told in reaper.told() if "session's own grid" in told] and daemon.grid.tempo_map
