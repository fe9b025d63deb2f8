"""Which part of which file an item plays, and where its cuts stand: the arithmetic by hand, in both Luas."""

from dataclasses import replace

import pytest

from conformance import cuts, found
from reaper_session import BOTH, session
from scripted_daemon import song

RATE = 44100


@pytest.fixture(params=BOTH)
def rig(request, tmp_path):
    with session(request.param, tmp_path) as (reaper, daemon):
        daemon.answer = lambda region, cancelled: found(*cuts(2))
        yield reaper, daemon, song(tmp_path / "söng.wav", RATE)


SECTION = {"section": {"offset": 4.0, "length": 10.0}}
INNER = {"section": {"offset": 1.5, "length": 3.0}}


@pytest.mark.parametrize(
    ("sources", "item", "start", "length"),
    [
        ((), {}, 0.0, 20.0),
        ((), {"position": 100.0, "offset": 2.5, "length": 7.0}, 2.5, 7.0),
        ((), {"offset": 2.5, "length": 7.0, "rate": 2.0}, 2.5, 14.0),  # twice as fast: twice as much of the file
        ((), {"offset": 2.0, "length": 60.0}, 2.0, 18.0),  # looped: what is inside the file
        ((), {"offset": -3.0, "length": 10.0}, 0.0, 7.0),  # the item begins before the file
        ((SECTION,), {}, 4.0, 10.0),
        ((SECTION,), {"offset": 1.0, "length": 2.0, "rate": 0.5}, 5.0, 1.0),
        ((INNER, SECTION), {"offset": 0.5, "length": 60.0}, 6.0, 2.5),
    ],
)
def test_the_daemon_is_asked_for_what_the_item_plays(rig, sources, item, start, length):
    reaper, daemon, path = rig
    reaper.add_item(path, sources=sources, **item)
    reaper.action("mark_cuts")
    assert reaper.told() == []
    (asked,) = daemon.asked
    assert asked.paths == (path,)
    assert (asked.start, asked.length) == pytest.approx((start, length))


def test_take_markers_stand_in_the_time_of_the_takes_source(rig):
    reaper, _, path = rig
    reaper.add_item(path, sources=(SECTION,), position=50.0, rate=2.0)
    reaper.action("mark_cuts")
    assert [marker["position"] for marker in reaper.take_markers()] == [cut.time - 4.0 for cut in cuts(2)]


def test_kept_cuts_stand_on_the_timeline(rig):
    """position + (time in the file - where the take begins) / rate"""
    reaper, daemon, path = rig
    wanted = [replace(cut, time=time) for cut, time in zip(cuts(2), (8.0, 11.0), strict=True)]
    daemon.answer = lambda region, cancelled: found(*wanted)
    reaper.add_item(path, sources=(SECTION,), position=50.0, offset=1.0, rate=2.0, length=4.0)
    reaper.action("mark_cuts")
    reaper.action("preview_next")
    reaper.action("keep")
    assert [marker["position"] for marker in reaper.project_markers()] == [51.5, 53.0]


REFUSED = [
    ("no take", None, {}, "'This item' is empty: select one with a recording."),
    ("MIDI", None, {"midi": True}, "is MIDI: render it to audio first"),
    ("stretch markers", "song", {"stretch": 2}, "has stretch markers: glue the item first"),
    ("missing", "gone.wav", {}, "has lost its file: put "),
    ("outside", "song", {"offset": 30.0, "length": 5.0}, "plays nothing of its file"),
]


@pytest.mark.parametrize(("case", "file", "item", "sentence"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_analysed_is_refused_with_one_sentence(rig, tmp_path, case, file, item, sentence):
    reaper, daemon, path = rig
    reaper.add_item({None: None, "song": path}.get(file, tmp_path / str(file)), **item)
    reaper.action("mark_cuts")
    (told,) = reaper.told()
    assert sentence in told and "report this" not in told
    assert not daemon.asked


@pytest.mark.parametrize("around", [(), (SECTION,)])
def test_a_reversed_take_is_refused(rig, around):
    reaper, daemon, path = rig
    reaper.add_item(path, sources=(*around, {"section": {"offset": 0.0, "length": 20.0}, "reversed": True}))
    reaper.action("mark_cuts")
    assert "is played backwards: glue the item first" in reaper.told()[0]
    assert not daemon.asked


def test_a_file_without_a_name_or_offline_is_refused(rig):
    reaper, daemon, path = rig
    reaper.add_item(None, sources=[{"length": 3.0}])
    reaper.action("mark_cuts")
    reaper.lua("fake.select_only (2)")
    reaper.add_item(path, seconds=0.0)
    reaper.lua("fake.select_only (2)")
    reaper.action("mark_cuts")
    no_file, offline = reaper.told()
    assert "has no file: render or glue it first" in no_file
    assert "is offline: set its media online" in offline
    assert not daemon.asked


def test_nothing_selected(rig):
    reaper, *_ = rig
    reaper.action("mark_cuts")
    assert reaper.told() == ["Select an audio item first, then run this action again."]


def test_several_items_are_asked_for_at_once(rig, tmp_path):
    reaper, daemon, path = rig
    reaper.add_item(path)
    reaper.add_item(song(tmp_path / "other.wav", RATE), offset=5.0)
    reaper.action("mark_cuts")
    assert [region.start for region in daemon.asked] == [0.0, 5.0]
    assert [len(reaper.take_markers(item)) for item in (1, 2)] == [2, 2]
