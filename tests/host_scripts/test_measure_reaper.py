"""200 markers in REAPER by spool and by UDP, none lost where one datagram in twenty is.

How many cycles it takes is for `measure_reaper.py` to say.
"""

import pytest

from measure_reaper import COUNT, by_spool, by_udp, with_loss
from reaper_session import BOTH


@pytest.mark.parametrize("lua", BOTH)
@pytest.mark.parametrize("way", [by_spool, by_udp])
def test_all_markers_stand(way, lua, tmp_path):
    _, placed = way(lua, tmp_path)
    assert placed == COUNT


@pytest.mark.parametrize("lua", BOTH)
def test_no_marker_is_lost_with_the_datagrams(lua, tmp_path):
    lost = 0
    for seed in range(6):
        (tmp_path / str(seed)).mkdir()
        _, placed, missing = with_loss(lua, tmp_path / str(seed), seed)
        assert placed == COUNT
        lost += missing
    assert lost > 0, "nothing was lost, so nothing was tried"
