"""Every call of our REAPER scripts is a documented one, and the fake refuses what REAPER would refuse or ignore."""

import re
from pathlib import Path

import pytest

from reaper_session import HERE, Reaper

SCRIPTS = sorted((HERE.parents[1] / "host_scripts" / "reaper").glob("*.lua"))
SHARED = sorted((HERE.parents[1] / "host_scripts" / "lib").glob("*.lua"))


def documented() -> set[str]:
    lines = (HERE / "reaper_api.txt").read_text("utf-8").splitlines()
    return {re.search(r"reaper\.(\w+)\(", line)[1] for line in lines if not line.startswith("#")}


def used(path: Path) -> set[str]:
    return set(re.findall(r"\breaper\.(\w+)", path.read_text("utf-8")))


def test_scripts_call_what_is_documented_and_all_of_it_is_used():
    assert len(SCRIPTS) > 10
    calls = set().union(*map(used, SCRIPTS))
    assert calls == documented()


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.name)
def test_what_hosts_share_knows_no_reaper(path):
    assert not used(path)


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reaper")
    session = Reaper("lua5.4", folder, folder / "spool", 1)
    session.add_item(folder / "song.wav")
    yield session
    session.close()


def run(fake: Reaper, code: str) -> None:
    """Run the code as a script of REAPER."""
    path = fake.folder / "script.lua"
    path.write_text(
        "local item = reaper.GetMediaItem (0, 0) local take = reaper.GetActiveTake (item)\n" + code, "utf-8"
    )
    fake.lua(f'fake.run ("{path}")')


IN_BLOCK = "reaper.Undo_BeginBlock2 (0) %s reaper.Undo_EndBlock2 (0, 'x', -1)"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("reaper.GetItem (0)", "reaper.GetItem is not documented"),
        ("reaper.CountMediaItems ()", "argument 1 must be a ReaProject"),
        ("reaper.CountMediaItems (0, 1)", "takes 1 arguments, not 2"),
        ("reaper.CountMediaItems (item)", "argument 1 must be a ReaProject"),
        ("reaper.GetTakeName (item)", "argument 1 must be a MediaItem_Take"),
        ("reaper.GetMediaItem (0, 0.5)", "argument 2 must be a integer"),
        ("reaper.GetMediaItem (0, '0')", "argument 2 must be a integer"),
        ("reaper.OpenMediaExplorer ('x', 1)", "argument 2 must be a boolean"),
        ("reaper.GetMediaItemInfo_Value (item, 'D_POSITON')", "unknown item value D_POSITON"),
        ("reaper.SetTakeMarker (take, -1, 'x', 1.0)", "SetTakeMarker outside an undo block"),
        ("reaper.AddProjectMarker2 (0, false, 1.0, 0, 'x', -1, 0)", "AddProjectMarker2 outside an undo block"),
        (IN_BLOCK % "reaper.SetTakeMarker (take, -1, 'x', 1.0, 255)", "a colour without 0x1000000"),
        (IN_BLOCK % "reaper.AddProjectMarker2 (0, false, 1.0, 0, 'x', -1, 255)", "a colour without 0x1000000"),
        (IN_BLOCK % "reaper.AddProjectMarker2 (0, 0, 1.0, 0, 'x', -1, 0)", "argument 2 must be a boolean"),
        (IN_BLOCK % "reaper.DeleteTakeMarker (take, 0)", "there is no such take marker"),
        ("reaper.Undo_BeginBlock2 (0)", "an undo block is left open"),
        ("reaper.Undo_EndBlock2 (0, 'x', -1)", "Undo_EndBlock2 without Undo_BeginBlock2"),
        ("reaper.PreventUIRefresh (1)", "PreventUIRefresh is out of balance"),
        ("reaper.PreventUIRefresh (-1)", "PreventUIRefresh below 0"),
        ("reaper.SetProjExtState (0, 'a', 'b', 'two\\nlines')", "would not survive a project file"),
        ("song = 1", "global variable song"),
        ("return song", "undefined variable song"),
        ("print (1)", "a script must not print"),
    ],
)
def test_the_fake_refuses(fake, code, fault):
    with pytest.raises(AssertionError, match=re.escape(fault)):
        run(fake, code)


def test_a_deferred_call_comes_in_the_next_cycle_and_not_before(fake):
    run(fake, "reaper.defer (function () reaper.SetExtState ('test', 'called', 'yes', false) end)")
    called = 'local said reaper = nil return fake.scripts["%s"] ~= nil' % (fake.folder / "script.lua")
    assert fake.lua(called) is True
    assert fake.cycle() is False


def test_markers_are_sorted_and_exact_duplicates_refused_as_in_reaper(fake):
    add = "reaper.AddProjectMarker2 (0, false, %s, 0, '%s', -1, 0x1000000) "
    run(fake, IN_BLOCK % (add % (2.0, "b") + add % (1.0, "a") + add % (2.0, "b") + add % (2.0, "c")))
    assert [(marker["position"], marker["name"]) for marker in fake.project_markers()] == [
        (1.0, "a"),
        (2.0, "b"),
        (2.0, "c"),
    ]
    assert fake.undo() == "x"
    assert fake.project_markers() == []


def test_a_listing_is_remembered_until_it_is_asked_for_anew(fake, tmp_path):
    listing = f"local n, i = {{}}, 0 while reaper.EnumerateFiles ('{tmp_path}', i) do i = i + 1 end "
    count = listing + "reaper.SetProjExtState (0, 'test', 'files', tostring (i))"
    told = "local _, s = next (fake.project.state) return s"
    run(fake, count)
    (tmp_path / "new").touch()
    run(fake, count)
    assert fake.lua(told) == "0"
    run(fake, f"reaper.EnumerateFiles ('{tmp_path}', -1) " + count)
    assert fake.lua(told) == "1"
