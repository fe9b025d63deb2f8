"""Our actions in Ardour's file of actions: others stay byte for byte, ours come once, and leave again."""

import base64
import copy
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from segue_bridge import hosts
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _ardour_slots, ardour

# As Ardour writes it: statements in any order, byte code with every byte, a script that quotes and looks like one.
BYTECODE = bytes(range(256)).replace(b"\r", b"").replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\\n")
FOREIGN = (
    b'scripts = {} scripts[2] = {} scripts[2]["f"] = "' + BYTECODE + b'" scripts[2]["n"] = "Mine \\"7\\"" '
    b'scripts[2]["a"] = {} scripts[2]["a"]["x-script-origin"] = "/a b/c.lua"  '
    b'scripts[2]["s"] = "-- scripts[9] = {}\\\nreturn \\"scripts[8] = 3\\""  scripts[2]["c"] = true  '
)
TITLES = [
    f"Segue: {name}"
    for name in (
        "mark cuts",
        "use the session's grid",
        "beats half a beat later",
        "double the tempo",
        "halve the tempo",
        "three in a bar",
        "clear markers",
        "preview next transition",
        "preview previous transition",
        "keep transition",
        "reject transition",
        "clear preview",
    )
]
HOOKS = '<ActionHooks><LuaCallback lua="Lua 5.3" id="7" name="Théirs" signals="10">AAAA</LuaCallback></ActionHooks>'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "ardour7"
    folder.mkdir(parents=True)
    return folder


def write(config: Path, source: bytes) -> bytes:
    text = base64.b64encode(source).decode()
    xml = f'<UIScripts><ActionScript lua="Lua 5.3">{text}</ActionScript>{HOOKS}</UIScripts>'
    (config / "ui_scripts").write_text(xml, encoding="utf-8")
    return (config / "ui_scripts").read_bytes()


def source(config: Path) -> bytes:
    return base64.b64decode(ET.parse(config / "ui_scripts").findtext("ActionScript") or "")


LOADED = """
ARDOUR, Session, Editor, LuaDialog = {}, {}, {}, {}
load (io.read ("a")) ()
for slot = 1, 32 do
  local s = scripts[slot]
  if s then
    local works = s.f:find ("factory") and type (load (string.dump (load (s.f), true), nil, nil, _ENV) (s.a)) or "-"
    print (slot, s.n, works)
  end
end
"""


def loaded_by_lua(config: Path) -> list[str]:
    """The slots as real Lua sees them, and what comes of the factory when it is treated as Ardour treats it."""
    lua = shutil.which("lua5.3")
    if not lua:
        pytest.fail("no Lua found: apt-get install lua5.3")
    done = subprocess.run([lua, "-e", LOADED], input=source(config), capture_output=True, check=True)
    return done.stdout.decode().splitlines()


LOADED_HOOK = """
ARDOUR, Session, Editor = {}, {}, {}
load (io.read ("a")) ()
print (s.n, type (load (string.dump (load (s.f), true), nil, nil, _ENV) (s.a)))
"""


def hooks_of(config: Path) -> list[ET.Element]:
    return ET.parse(config / "ui_scripts").findall("ActionHooks/LuaCallback")


def test_a_fresh_ardour_gets_all_actions_and_the_hook(config):
    done = ardour.install()
    assert loaded_by_lua(config) == [f"{slot}\t{title}\tfunction" for slot, title in enumerate(TITLES, 1)]
    (hook,) = hooks_of(config)
    assert hook.get("signals") == ardour.SIGNALS
    lua = ["lua5.3", "-e", LOADED_HOOK]
    told = subprocess.run(lua, input=base64.b64decode(hook.text or ""), capture_output=True, check=True)
    assert told.stdout == b"Segue: after a preview\tfunction\n"
    assert all(title in done[0] for title in TITLES) and "in place" in done[0]
    assert "select an audio region" in done[-1] and "Segue: preview next transition" in done[-1]
    assert sorted(path.name for path in (config / "scripts").iterdir()) == sorted(
        f"segue_{name}.lua" for name in ardour.ACTIONS
    )
    assert ardour.status() == "ardour7: actions are in place"


def test_the_scripts_of_others_stay_byte_for_byte(config):
    before = write(config, FOREIGN)
    ardour.install()
    assert source(config).startswith(FOREIGN)
    assert loaded_by_lua(config) == [
        f"1\t{TITLES[0]}\tfunction",
        '2\tMine "7"\t-',
        *(f"{slot}\t{title}\tfunction" for slot, title in enumerate(TITLES[1:], 3)),
    ]
    hook, ours = hooks_of(config)
    assert ours.get("name") == "Segue: after a preview"
    assert (hook.attrib, hook.text) == (
        {"lua": "Lua 5.3", "id": "7", "name": "Théirs", "signals": "10"},
        "AAAA",
    )
    assert (config / "ui_scripts.before-segue").read_bytes() == before


def test_installing_twice_is_installing_once(config):
    write(config, FOREIGN)
    ardour.install()
    once = (config / "ui_scripts").read_bytes()
    ardour.install()
    assert (config / "ui_scripts").read_bytes() == once


def test_an_update_keeps_the_slots_and_so_the_keys(config):
    write(config, FOREIGN + _ardour_slots.entry(29, b'ardour { name = "Segue: mark cuts", author = "Segue" }'))
    assert ardour.status() == "ardour7: actions are of another version, run `segue install ardour`"
    ardour.install()
    assert loaded_by_lua(config)[-1] == "29\tSegue: mark cuts\tfunction"
    assert len(loaded_by_lua(config)) == 1 + len(TITLES)


def test_a_hook_of_another_version_is_replaced(config):
    ardour.install()
    root = ET.parse(config / "ui_scripts").getroot()
    (hook,) = root.iter("LuaCallback")
    # As Ardour writes it: byte code, with what looks like a script in it, before the script.
    old = b's = {} s["f"] = "\\27Lua s[\\"s\\"] = \\"x\\"" s["s"] = "\\\nardour { author = \\"Segue\\" } -- old"'
    hook.text = base64.b64encode(old).decode()
    (config / "ui_scripts").write_bytes(ET.tostring(root))
    assert ardour.status() == "ardour7: actions are of another version, run `segue install ardour`"
    ardour.install()
    assert len(hooks_of(config)) == 1
    assert ardour.status() == "ardour7: actions are in place"


def as_kept(signals: str, size: int) -> str:
    """What an Ardour with that many signals keeps of a text of bits: what std::bitset takes and gives."""
    return signals[:size].zfill(size)


def set_signals(config: Path, signals: str) -> None:
    root = ET.parse(config / "ui_scripts").getroot()
    next(root.iter("LuaCallback")).set("signals", signals)
    (config / "ui_scripts").write_bytes(ET.tostring(root))


# Of Ardour 7, of 8 to 9.7, of 9.8, and of one with one more signal before the timers: how many, and LuaTimerDS.
@pytest.mark.parametrize(("size", "timer"), [(49, 47), (50, 47), (52, 49), (53, 50)])
def test_every_ardour_hears_the_timer_and_its_own_way_to_keep_it_is_in_place(config, size, timer):
    ardour.install()
    kept = as_kept(ardour.SIGNALS, size)
    assert kept[size - 1 - timer] == "1"
    set_signals(config, kept)
    assert ardour.status() == "ardour7: actions are in place"


@pytest.mark.parametrize("signals", [as_kept(as_kept(ardour.SIGNALS, 50), 52), 51 * "0", "1" + 47 * "0"])
def test_signals_that_an_upgrade_has_moved_are_seen_and_mended(config, signals):
    """By its number a signal of an older Ardour may be another one in a newer."""
    ardour.install()
    set_signals(config, signals)
    assert ardour.status() == "ardour7: actions are of another version, run `segue install ardour`"
    ardour.install()
    assert [hook.get("signals") for hook in hooks_of(config)] == [ardour.SIGNALS]
    assert ardour.status() == "ardour7: actions are in place"


def test_a_hook_that_stands_twice_is_seen_and_mended(config):
    ardour.install()
    root = ET.parse(config / "ui_scripts").getroot()
    (hooks,) = root.iter("ActionHooks")
    hooks.append(copy.deepcopy(hooks[0]))
    (config / "ui_scripts").write_bytes(ET.tostring(root))
    assert "of another version" in ardour.status()
    ardour.install()
    assert len(hooks_of(config)) == 1


@pytest.mark.long
def test_every_ardour_that_is_here_is_served(config):
    for name in ("ardour9", "ardour10", "ardour8", "ardour6", "ardour8-old"):
        (config.parent / name).mkdir()
    done = ardour.install()
    assert [line.partition(":")[0] for line in done[:-1]] == [f"{config.parent}/ardour{n}" for n in (7, 8, 9, 10)]
    assert ardour.status() == "; ".join(f"ardour{n}: actions are in place" for n in (7, 8, 9, 10))
    (config.parent / "ardour9" / "ui_scripts").unlink()
    assert "ardour9: actions are missing, run `segue install ardour`" in ardour.status()
    assert len(ardour.uninstall()) == 4
    assert not [*config.parent.glob("ardour*/scripts/*")]
    assert not list((config.parent / "ardour6").iterdir()) + list((config.parent / "ardour8-old").iterdir())


def test_an_ardour_that_was_never_started_is_named_and_its_folder_not_made(config, tmp_path, monkeypatch):
    """It takes the user's settings from the older one only where its folder is not there."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ardour8-lua").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{tmp_path / 'none'}")
    told = "Ardour 8 was never started: start it once, close it, then run `segue install ardour` again."
    assert told in ardour.install()
    assert ardour.status() == f"ardour7: actions are in place; {told}"
    assert [path.name for path in config.parent.iterdir()] == ["ardour7"]


def test_where_one_ardour_has_no_slot_none_is_changed(config):
    newer = config.parent / "ardour8"
    newer.mkdir()
    write(
        newer, b"scripts = {} " + b"".join(b'scripts[%d] = {} scripts[%d]["n"] = "x" ' % (i, i) for i in range(1, 33))
    )
    with pytest.raises(SegueError, match="free 12 of them"):
        ardour.install()
    assert list(config.iterdir()) == []


def test_scripts_of_the_users_stay(config):
    """Ours are known by name and content; one of our name is copied before it is overwritten, each time."""
    place = config / "scripts"
    place.mkdir()
    mine = {"segue_mine.lua": b'ardour { name = "Mine", author = "Segue" }', "segue_notes.lua": b"\xff", "x.lua": b""}
    for name, content in mine.items():
        (place / name).write_bytes(content)
    ours = place / "segue_mark_cuts.lua"
    ours.write_text("-- my own\n")
    assert f"{ours} was not Segue's: it is kept as {ours.name}.before-segue." in ardour.install()
    edited = ours.read_text("utf-8") + "-- changed\n"
    ours.write_text(edited, "utf-8")
    assert f"{ours} was not Segue's: it is kept as {ours.name}.before-segue.2." in ardour.install()
    assert ours.with_name(f"{ours.name}.before-segue").read_text() == "-- my own\n"
    assert ours.with_name(f"{ours.name}.before-segue.2").read_text("utf-8") == edited
    changed = place / "segue_clear_markers.lua"
    changed.write_text(changed.read_text("utf-8") + "-- changed\n", "utf-8")
    ardour.uninstall()
    assert {name: (place / name).read_bytes() for name in mine} == mine
    assert sorted(path.name for path in place.glob("segue_*.lua")) == sorted([changed.name, *list(mine)[:2]])


def test_an_action_that_the_user_made_of_ours_is_the_users(config):
    ardour.install()
    (script,) = [s for s in _ardour_slots.scripts(source(config)).values() if b'name = "Segue: mark cuts"' in s]
    changed = _ardour_slots.entry(20, script.replace(b"Segue: mark cuts", b"My cuts"))
    write(config, source(config) + changed)
    ardour.install()
    assert source(config).startswith(b"scripts = {} " + changed)
    ardour.uninstall()
    assert source(config) == b"scripts = {} " + changed


def test_links_stay_links_private_files_private_and_what_was_before_is_kept(config, tmp_path):
    before = write(config, FOREIGN)
    linked, first = tmp_path / "dotfile", config / "ui_scripts.before-segue"
    (config / "ui_scripts").rename(linked)
    (config / "ui_scripts").symlink_to(linked)
    linked.chmod(0o600)
    ardour.install()
    assert (config / "ui_scripts").is_symlink() and loaded_by_lua(config)[0] == f"1\t{TITLES[0]}\tfunction"
    assert first.read_bytes() == before
    assert [path.stat().st_mode & 0o777 for path in (linked, first)] == [0o600, 0o600]
    ardour.uninstall()
    again = write(config, FOREIGN + _ardour_slots.entry(9, b'ardour { name = "New" }'))
    ardour.install()
    assert first.read_bytes() == before and first.with_name(f"{first.name}.2").read_bytes() == again
    names = ["scripts", "ui_scripts", first.name, f"{first.name}.2"]
    assert sorted(path.name for path in config.iterdir()) == names and (config / "ui_scripts").is_symlink()


def test_what_is_no_file_is_told(config):
    os.mkfifo(config / "ui_scripts")
    for call in (ardour.install, ardour.uninstall, ardour.status):
        with pytest.raises(SegueError, match="is not a file: move it away") as fault:
            call()
        assert fault.value.code == "bad_host_file"


def test_uninstall_leaves_what_was_there_before(config):
    write(config, FOREIGN)
    ardour.install()
    assert ardour.uninstall() == [f"{config}: Segue's actions are removed."]
    assert source(config) == FOREIGN
    assert [hook.get("name") for hook in hooks_of(config)] == ["Théirs"]
    assert list((config / "scripts").iterdir()) == []
    assert ardour.uninstall() == [f"{config}: Segue's actions are not here."]
    assert ardour.status() == "ardour7: actions are missing, run `segue install ardour`"


def test_the_config_names_this_python_and_the_spool(config, tmp_path):
    ardour.install()
    script = (config / "scripts" / "segue_mark_cuts.lua").read_text("utf-8")
    assert "include" not in script
    assert sys.executable in script
    assert str(tmp_path / "data" / "segue" / "spool" / "ardour") in script
    assert (tmp_path / "data" / "segue" / "spool" / "ardour" / "to_daemon").is_dir()


def test_a_script_that_stands_twice_leaves_twice(config):
    script = b'ardour { name = "Segue: mark cuts", author = "Segue" }'
    write(config, FOREIGN + _ardour_slots.entry(9, script) + _ardour_slots.entry(4, script))
    ardour.uninstall()
    assert source(config) == FOREIGN


def test_all_slots_taken(config):
    full = b"scripts = {} " + b"".join(b'scripts[%d] = {} scripts[%d]["n"] = "x" ' % (i, i) for i in range(1, 33))
    before = write(config, full)
    with pytest.raises(SegueError, match="free 12 of them in its Script Manager"):
        ardour.install()
    assert (config / "ui_scripts").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"<UIScripts>", b"<UIScripts><ActionScript>%%%</ActionScript></UIScripts>"])
def test_a_damaged_file_is_left_alone(config, content):
    (config / "ui_scripts").write_bytes(content)
    with pytest.raises(SegueError, match="move it away"):
        ardour.install()
    assert (config / "ui_scripts").read_bytes() == content


def test_lua_that_is_more_than_slots_is_left_alone(config):
    before = write(config, b'scripts = {} os.execute ("x")')
    with pytest.raises(SegueError, match="no assignment at byte 13"):
        ardour.install()
    assert (config / "ui_scripts").read_bytes() == before


def test_no_ardour(tmp_path, monkeypatch):
    (tmp_path / "ardour6").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for call in (ardour.install, ardour.uninstall, ardour.status):
        with pytest.raises(SegueError, match="install Ardour, start it once") as fault:
            call()
        assert fault.value.code == "no_host"


def test_ardour_is_found_as_a_host():
    assert "ardour" in hosts.names()
    assert hosts.find("ardour") is ardour
    with pytest.raises(SegueError, match=r"choose one of .*ardour"):
        hosts.find("cubase")
