"""200 markers in REAPER: within 10 cycles by spool, within 3 by UDP, none lost where one datagram in twenty is."""

import pytest

from measure_reaper import COUNT, by_spool, by_udp, with_loss
from reaper_session import LUAS


def best(measure, lua, tmp_path, tries: int = 3):
    """The quickest of some runs: what another program on the machine takes is not ours."""
    folders = [tmp_path / str(i) for i in range(tries)]
    for folder in folders:
        folder.mkdir()
    runs = [measure(lua, folder) for folder in folders]
    assert {placed for _, placed in runs} == {COUNT}
    return min(cycles for cycles, _ in runs)


@pytest.mark.parametrize("lua", LUAS)
def test_by_spool(lua, tmp_path):
    assert best(by_spool, lua, tmp_path) <= 10


@pytest.mark.parametrize("lua", LUAS)
def test_by_udp(lua, tmp_path):
    assert best(by_udp, lua, tmp_path) <= 3


@pytest.mark.parametrize("lua", LUAS)
def test_no_marker_is_lost_with_the_datagrams(lua, tmp_path):
    lost = 0
    for seed in range(6):
        (tmp_path / str(seed)).mkdir()
        _, placed, missing = with_loss(lua, tmp_path / str(seed), seed)
        assert placed == COUNT
        lost += missing
    assert lost > 0, "nothing was lost, so nothing was tried"
