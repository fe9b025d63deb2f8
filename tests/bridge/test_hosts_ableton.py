"""Our Remote Script in Live's User Library: it comes whole, lies alone, and leaves nothing behind."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from segue_bridge import __version__, hosts, protocol
from segue_bridge.errors import SegueError
from segue_bridge.hosts import ableton

SOURCE = Path(__file__).parents[2] / "host_scripts" / "ableton" / "Segue"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A User Library with the script of another."""
    other = tmp_path / "Ünser Library" / "Remote Scripts" / "Other"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("theirs = 1\n")
    return tmp_path / "Ünser Library"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_comes_as_it_is(library):
    done = ableton.install(library)
    folder = library / "Remote Scripts" / "Segue"
    assert {path.name for path in SOURCE.iterdir() if path.suffix == ".py"} == set(ableton.FILES)
    for path in SOURCE.glob("*.py"):
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert "in place" in done[0] and "Control Surface" in done[1] and "36 mark" in done[1]
    assert ableton.status(library) == "the Remote Script is in place"


def test_the_configuration_holds_commands_that_run(library, tmp_path):
    ableton.install(library)
    settings = json.loads((library / "Remote Scripts" / "Segue" / "config.json").read_text("utf-8"))
    assert (settings["port"], settings["own_port"], settings["version"]) == (protocol.PORT, 9722, __version__)
    assert settings["start"][0] == settings["play"][0] == sys.executable
    for command in (settings["start"], settings["play"]):
        compile(command[2], "command", "exec")
    # What it imports is here; the sound device need not be.
    imports = "import sys, soundfile; from segue_bridge.client import ensure_daemon"
    assert subprocess.run([settings["start"][0], "-c", imports], cwd=tmp_path).returncode == 0


def test_the_notes_it_names_are_the_scripts(library):
    text = (SOURCE / "surface.py").read_text("utf-8")
    named = {}
    exec("\n".join(re.findall("^(?:CORRECTIONS|ACTIONS|FIRST_NOTE) = .*$", text, re.M)), named)
    actions, number = named["ACTIONS"], named["FIRST_NOTE"]
    assert ", ".join(f"{number + i} {action}" for i, action in enumerate(actions)) in ableton.install(library)[1]


def test_installing_twice_is_installing_once(library):
    ableton.install(library)
    once = tree(library)
    ableton.install(library)
    assert tree(library) == once


def test_uninstall_takes_exactly_ours(library):
    before = tree(library)
    ableton.install(library)
    folder = library / "Remote Scripts" / "Segue"
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder], check=True)
    assert list(folder.glob("__pycache__/*.pyc"))
    assert "is removed" in ableton.uninstall(library)[0]
    assert tree(library) == before
    assert not folder.exists()
    assert "is not here" in ableton.uninstall(library)[0]
    assert ableton.status(library) == "the Remote Script is missing, run `segue install ableton`"


def test_a_file_the_user_put_beside_ours_stays(library):
    ableton.install(library)
    folder = library / "Remote Scripts" / "Segue"
    (folder / "notes.txt").write_text("mine")
    ableton.uninstall(library)
    assert tree(folder) == {"notes.txt": b"mine"}


def test_what_the_user_changed_is_copied_or_stays(library):
    ableton.install(library)
    folder = library / "Remote Scripts" / "Segue"
    changed = {"clip.py": b"mine = 1\n", "config.json": (folder / "config.json").read_bytes().replace(b"9722", b"9999")}
    for name, content in changed.items():
        (folder / name).write_bytes(content)
    done = ableton.install(library)
    for name, content in changed.items():
        assert (folder / f"{name}.before-segue").read_bytes() == content
        assert f"{folder / name} was not Segue's: it is kept as {name}.before-segue." in done
    assert ableton.status(library) == "the Remote Script is in place"
    (folder / "clip.py").write_bytes(b"mine = 2\n")
    ableton.uninstall(library)
    assert tree(folder) == {**{f"{name}.before-segue": old for name, old in changed.items()}, "clip.py": b"mine = 2\n"}


def test_another_script_of_our_name_is_not_touched(library):
    theirs = library / "Remote Scripts" / "Segue"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("theirs = 2\n")
    before = tree(library)
    with pytest.raises(SegueError, match="move it away") as fault:
        ableton.install(library)
    assert fault.value.code == "bad_host_file"
    ableton.uninstall(library)
    assert tree(library) == before


def test_an_older_version_is_seen_and_replaced(library):
    ableton.install(library)
    (library / "Remote Scripts" / "Segue" / "osc.py").write_text("old")
    assert ableton.status(library) == "the Remote Script is of another version, run `segue install ableton`"
    ableton.install(library)
    assert ableton.status(library) == "the Remote Script is in place"


@pytest.mark.parametrize(("system", "folders"), [("darwin", "Music/Ableton"), ("win32", "Documents/Ableton")])
def test_the_usual_places(system, folders, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # where a Linux would say what "Documents" is called
    for call in (ableton.install, ableton.uninstall, ableton.status):
        with pytest.raises(SegueError, match="start Live once") as fault:
            call()
        assert fault.value.code == "no_host"
    library = tmp_path / folders / "User Library"
    library.mkdir(parents=True)
    ableton.install()
    assert (library / "Remote Scripts" / "Segue" / "surface.py").is_file()


def test_there_is_no_live_for_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for call in (ableton.install, ableton.uninstall, ableton.status):
        with pytest.raises(SegueError, match="no Ableton Live for this system") as fault:
            call()
        assert fault.value.code == "no_host"


def test_ableton_is_found_as_a_host():
    assert hosts.find("ableton") is ableton
