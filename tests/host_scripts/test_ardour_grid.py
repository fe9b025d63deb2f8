"""The session's grid in the real Ardour: what the daemon is told of it against the tempo map that was set."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ardour_session import FIND
from marking import DOUBLE, LATER, RATE, THREE, USE_GRID, cuts, expected, mark, ours
from scripted_daemon import analysis, song
from segue_models.beats.user_grid import UserGrid

pytestmark = pytest.mark.usefixtures("clean")

SET = """
local map = Temporal.TempoMap.write_copy ()
map:set_tempo (Temporal.Tempo (BPM, BPM, 4), Temporal.timepos_t (QUARTER * 24000))
map:set_meter (Temporal.Meter (METRE), Temporal.timepos_t.from_ticks (QUARTER * 1920))
Temporal.TempoMap.update (map)
"""


def set_map(ardour, quarter: int, bpm: float, metre: str) -> None:
    """From a quarter note on, which stands at 120 bpm, another tempo and metre."""
    ardour.lua(SET.replace("BPM", str(bpm)).replace("QUARTER", str(quarter)).replace("METRE", metre))


@pytest.fixture
def moving(ardour) -> Iterator[None]:
    """120 bpm in 4/4, from the third bar on 90 bpm in 7/8."""
    set_map(ardour, 8, 90.0, "7, 8")
    yield
    set_map(ardour, 8, 120.0, "4, 4")


def seconds(quarters: np.ndarray) -> np.ndarray:
    """Of the timeline."""
    return np.where(quarters < 8, quarters / 2, 4 + (quarters - 8) * 2 / 3)


@pytest.mark.parametrize(
    ("position", "bar", "line"), [(0, 1, 0.0), (100_001, 2, 4.0), (310_000, 4, 11.5), (192_000, 3, 8.0)]
)
def test_the_daemon_is_told_the_tempo_map_under_the_region(ardour, daemon, folder, moving, position, bar, line):
    start, length = 48_000, 480_000
    ardour.bring_in(song(folder / f"at {position}.wav", RATE), embed=True)
    ardour.lua(
        f'{FIND} local r = region ("at {position}") r:trim_front (Temporal.timepos_t ({start})) '
        f"r:set_length (Temporal.timecnt_t.from_samples ({length})) r:set_position (Temporal.timepos_t ({position}))"
    )
    found = cuts(2.0, 5.5)
    daemon.answer = lambda region, cancelled: replace(analysis(found), warnings=["little is played on its beats"])
    mark(ardour, f"at {position}", action=USE_GRID)
    told = daemon.grid.tempo_map
    points = np.array(told.points)
    quarters = np.arange(line, points[-1, 1], 0.5)
    truth = seconds(quarters) + (start - position) / RATE
    assert np.abs(np.interp(quarters, points[:, 1], points[:, 0]) - truth).max() < 5e-5
    assert points[-1, 0] >= (start + length) / RATE - 1e-6 and len(points) <= 3
    changes = [(0.0, 4, 4), (8.0, 7, 8)]
    here = max(change for change in changes if change[0] <= line)
    assert told.signatures == ((line, *here[1:]), *(change for change in changes if change[0] > line))
    assert told.first_bar == bar
    assert ours(ardour.saved_markers()) == expected(found, position, start)
    assert ["little is played on its beats" in said for said in ardour.messages()] == [True]


def test_a_run_that_finds_the_beats_says_no_grid(ardour, daemon, folder):
    ardour.bring_in(song(folder / "found.wav", RATE), embed=True)
    daemon.answer = lambda region, cancelled: analysis(cuts(2.0))
    mark(ardour, "found")
    assert daemon.grid is None


def test_corrections_add_up_until_the_beats_are_found_again(ardour, daemon, folder):
    for name in ("slow", "other"):
        ardour.bring_in(song(folder / f"{name}.wav", RATE), embed=True)
    found = cuts(2.0, 5.5)
    daemon.answer = lambda region, cancelled: analysis(found)
    mark(ardour, "slow", action=LATER)
    assert daemon.grid == UserGrid(shift=0.5)
    mark(ardour, "slow", action=DOUBLE)
    mark(ardour, "slow", action=THREE)
    assert daemon.grid == UserGrid(meter=(3, 4), tempo="double", shift=1.0)
    assert ours(ardour.saved_markers()) == expected(found)
    mark(ardour, "other", action=THREE)
    assert daemon.grid == UserGrid(meter=(3, 4))
    mark(ardour, "other")
    mark(ardour, "other", action=LATER)
    assert daemon.grid == UserGrid(shift=0.5)
