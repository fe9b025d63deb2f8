"""Our scripts in REAPER's folder and list of actions: others stay byte for byte, ours come once, and leave again."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from segue_bridge import hosts
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _files as files
from segue_bridge.hosts import reaper

# Lines as REAPER writes them; the number of a script is the SHA-1 of its path in capitals, as in the second line.
THEIRS = (
    b'ACT 2 0 "2df92f3b5ca1465198be657be717c3af" "Custom: Fade in" 40528 40514 40509\r\n'
    b'SCR 4 0 RS1ee9bb229dabffe151848d7efa3c10f748e1a1cf "Custom: lyrics.lua" Cockos/lyrics.lua\r\n'
    b'SCR 4 0 RS0123 "Custom: segue_mark_cuts.lua" "Other/segue_mark_cuts.lua"\r\n'
    b'SCR 260 0 RS4567 "Custom: m\xfcsic.lua" "My scripts/m\xfcsic.lua"\r\n'
    b"KEY 37 71 _XENAKIOS_SETVOLSELITEMS 0\r\n"
    b"KEY 9 32 0 0\t\t # Main : Cmd+Space : DISABLED DEFAULT"
)
ACTIONS = [
    "beats_later", "clear_markers", "double_tempo", "halve_tempo", "keep", "mark_cuts", "preview_again", "preview_next",
    "preview_previous", "reject", "three_in_bar", "use_session_grid",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / ".config" / "REAPER"
    path.mkdir(parents=True)
    return path


def number(action: str) -> str:
    return hashlib.sha1(f"Segue/reaper/segue_{action}.lua".upper().encode()).hexdigest()


def lines(folder: Path) -> list[bytes]:
    return (folder / "reaper-kb.ini").read_bytes().splitlines(keepends=True)


def test_the_number_of_a_script_is_the_one_that_reaper_gives():
    assert reaper._command_id("Cockos/lyrics.lua") == "1ee9bb229dabffe151848d7efa3c10f748e1a1cf"


def test_a_fresh_reaper_gets_all_actions(folder):
    done = reaper.install()
    assert sorted(lines(folder)) == sorted(
        f'SCR 4 0 RS{number(name)} "Custom: segue_{name}.lua" Segue/reaper/segue_{name}.lua\n'.encode()
        for name in ACTIONS
    )
    assert "12 actions are in place" in done[0] and "segue_mark_cuts" in done[-1]
    place = folder / "Scripts" / "Segue"
    assert {path.name for path in (place / "reaper").iterdir()} >= {f"segue_{name}.lua" for name in ACTIONS}
    assert (place / "lib" / "talk.lua").is_file()
    assert reaper.status() == "actions are in place"


def test_what_others_have_stays_byte_for_byte(folder):
    (folder / "reaper-kb.ini").write_bytes(THEIRS)
    reaper.install()
    now = (folder / "reaper-kb.ini").read_bytes()
    assert now.endswith(THEIRS)
    assert all(line.endswith(b"\r\n") for line in now[: -len(THEIRS)].splitlines(keepends=True))
    assert now.count(b"\n") == THEIRS.count(b"\n") + len(ACTIONS)
    assert (folder / "reaper-kb.ini.before-segue").read_bytes() == THEIRS


def test_installing_twice_is_installing_once(folder):
    (folder / "reaper-kb.ini").write_bytes(THEIRS)
    reaper.install()
    once = lines(folder)
    reaper.install()
    assert lines(folder) == once


def test_the_users_key_and_choice_for_an_action_stay(folder):
    """After REAPER has sorted the file, and the user has said that a second run ends the first (260)."""
    mine = f'SCR 260 0 RS{number("keep")} "Custom: segue_keep.lua" Segue/reaper/segue_keep.lua\r\n'.encode()
    key = f"KEY 9 75 _RS{number('keep')} 0\r\n".encode()
    (folder / "reaper-kb.ini").write_bytes(key + mine + THEIRS)
    reaper.install()
    assert lines(folder).count(mine) == 1 and key in lines(folder) and len(lines(folder)) == len(ACTIONS) + 1 + 6
    reaper.uninstall()
    assert (folder / "reaper-kb.ini").read_bytes() == key + THEIRS


def test_an_action_that_is_no_more_leaves_the_list_with_an_update(folder):
    old = b'SCR 4 0 RSabc "Custom: segue_old.lua" "Segue/reaper/segue_old.lua"\r\n'
    (folder / "reaper-kb.ini").write_bytes(old + THEIRS)
    assert reaper.status() == "actions are of another version, run `segue install reaper`"
    reaper.install()
    assert old not in lines(folder)


def test_uninstall_leaves_what_was_there_before(folder):
    (folder / "reaper-kb.ini").write_bytes(THEIRS)
    other = folder / "Scripts" / "Segue" / "reaper" / "mine.lua"
    reaper.install()
    other.write_text("-- the user's")
    assert reaper.uninstall() == [f"{folder}: Segue's actions are removed."]
    assert (folder / "reaper-kb.ini").read_bytes() == THEIRS
    assert [path for path in folder.rglob("*.lua")] == [other]
    other.unlink()
    assert reaper.uninstall() == [f"{folder}: Segue's actions are not here."]
    assert reaper.status() == "actions are missing, run `segue install reaper`"


def test_what_the_user_changed_is_copied_or_stays(folder):
    reaper.install()
    place = folder / "Scripts" / "Segue"
    changed = {name: (place / name).read_bytes() + b"-- mine\n" for name in ("reaper/player.lua", "config.lua")}
    for name, content in changed.items():
        (place / name).write_bytes(content)
    done = reaper.install()
    for name, content in changed.items():
        copy = place / f"{name}.before-segue"
        assert copy.read_bytes() == content
        assert f"{place / name} was not Segue's: it is kept as {copy.name}." in done
        copy.unlink()
    (place / "reaper" / "player.lua").write_bytes(changed["reaper/player.lua"])
    reaper.uninstall()
    assert [path.name for path in place.rglob("*") if path.is_file()] == ["player.lua"]


def test_an_earlier_version_goes_with_uninstall(folder):
    """Known by the list in its configuration, whatever this version brings."""
    reaper.install()
    place = folder / "Scripts" / "Segue"
    old, new = b"-- the player of version 0", (place / "reaper" / "player.lua").read_bytes()
    (place / "reaper" / "player.lua").write_bytes(old)
    config = (place / "config.lua").read_bytes().replace(files.digest(new).encode(), files.digest(old).encode())
    (place / "config.lua").write_bytes(files.sealed(re.sub(rb"(?<=seal )[0-9a-f]{16}", b"0" * 16, config)))
    reaper.uninstall()
    assert list((folder / "Scripts").iterdir()) == []


def test_the_list_of_actions_keeps_its_link_and_mode_and_its_first_copy(folder, tmp_path):
    (tmp_path / "dotfile").write_bytes(THEIRS)
    (tmp_path / "dotfile").chmod(0o600)
    (folder / "reaper-kb.ini").symlink_to(tmp_path / "dotfile")
    reaper.install()
    reaper.uninstall()
    (folder / "reaper-kb.ini").write_bytes(b"KEY 1 2 3 0\r\n")
    reaper.install()
    assert (folder / "reaper-kb.ini").is_symlink() and (tmp_path / "dotfile").stat().st_mode & 0o777 == 0o600
    assert (folder / "reaper-kb.ini.before-segue").read_bytes() == THEIRS
    assert (folder / "reaper-kb.ini.before-segue.2").read_bytes() == b"KEY 1 2 3 0\r\n"


def test_uninstall_removes_our_folder_where_it_is_empty(folder):
    reaper.install()
    reaper.uninstall()
    assert list((folder / "Scripts").iterdir()) == []


def test_a_changed_file_is_another_version(folder):
    reaper.install()
    (folder / "Scripts" / "Segue" / "lib" / "osc.lua").write_text("-- older")
    assert reaper.status() == "actions are of another version, run `segue install reaper`"


def test_the_config_names_this_python_and_the_spool(folder, tmp_path):
    reaper.install()
    lua = shutil.which("lua5.3")
    if not lua:
        pytest.fail("no Lua found: apt-get install lua5.3")
    config = folder / "Scripts" / "Segue" / "config.lua"
    code = f'local c = dofile ("{config}") io.write (c.spool, "\\n", c.port, "\\n", c.start)'
    spool, port, start = subprocess.run([lua, "-e", code], capture_output=True, text=True).stdout.split("\n", 2)
    assert (spool, port) == (str(tmp_path / "data" / "segue" / "spool" / "reaper"), "9721")
    assert sys.executable in start
    assert (Path(spool) / "to_daemon").is_dir()


@pytest.mark.parametrize(
    ("system", "place"),
    [("linux", ".config/REAPER"), ("darwin", "Library/Application Support/REAPER"), ("win32", "REAPER")],
)
def test_the_folder_of_each_system(tmp_path, monkeypatch, folder, system, place):
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(sys, "platform", system)
    reaper.install()
    assert (tmp_path / place / "Scripts" / "Segue" / "config.lua").is_file()


def test_no_reaper(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for call in (reaper.install, reaper.uninstall, reaper.status):
        with pytest.raises(SegueError, match="install REAPER, start it once") as fault:
            call()
        assert fault.value.code == "no_host"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seen on Linux alone")
def test_a_running_reaper_is_left_alone(folder, tmp_path):
    program = tmp_path / "reaper"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        try:
            # A process that has just become another shows its program before its variables.
            end, process = time.monotonic() + 60, Path(f"/proc/{running.pid}")
            while time.monotonic() < end and not (
                os.readlink(process / "exe").endswith("/reaper") and b"HOME=" in (process / "environ").read_bytes()
            ):
                time.sleep(0.01)
            for call in (reaper.install, reaper.uninstall):
                with pytest.raises(SegueError, match="REAPER is running: save your project") as fault:
                    call()
                assert fault.value.code == "host_running"
        finally:
            running.kill()
    assert not (folder / "Scripts").exists()
    reaper.install()


def test_reaper_is_found_as_a_host():
    assert "reaper" in hosts.names()
    assert hosts.find("reaper") is reaper
