"""What ReaPack installs: the head of the package, index.xml and the files agree, and what is installed so works."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from posixpath import normpath

import pytest

from conformance import cuts, found
from reaper_session import BOTH, session
from scripted_daemon import song
from segue_bridge import __version__

FOLDER = Path(__file__).parents[2] / "host_scripts" / "reaper"
INDEX = ET.parse(FOLDER / "index.xml").getroot()
(PACKAGE,) = INDEX.iter("reapack")
(VERSION,) = INDEX.iter("version")
SOURCES = {node.get("file", PACKAGE.get("name")): node for node in INDEX.iter("source")}
HEAD = (FOLDER / "segue_mark_cuts.lua").read_text("utf-8").split("\n-- Segue:")[0]


def field(name: str) -> str:
    return re.search(rf"^-- @{name} ?(.*)$", HEAD, re.M)[1]


def provided() -> dict[str, str]:
    return {name: kind for kind, name in re.findall(r"^--   \[(main|nomain)\] (\S+)$", HEAD, re.M)}


def test_the_head_says_what_reapack_needs():
    assert field("version") == __version__
    assert field("author") and field("description")
    for block in ("changelog", "about", "provides"):
        assert re.search(rf"^-- @{block}\n--   \S", HEAD, re.M), block


def test_the_index_is_the_one_that_the_head_makes():
    made = subprocess.run([sys.executable, FOLDER / "make_index.py"], capture_output=True, check=True).stdout
    assert (FOLDER / "index.xml").read_bytes() == made


def test_the_index_has_the_form_that_reapack_reads():
    assert (INDEX.tag, INDEX.get("version"), INDEX.get("name")) == ("index", "1", "Segue")
    assert [(node.tag, node.get("name")) for node in INDEX] == [("category", "reaper")]
    assert (PACKAGE.get("type"), PACKAGE.get("name")) == ("script", "segue_mark_cuts.lua")
    assert (VERSION.get("name"), VERSION.get("author")) == (__version__, field("author"))
    for name, source in SOURCES.items():
        assert source.text == (
            f"https://github.com/segue-audio/segue/raw/v{__version__}/{normpath(f'host_scripts/reaper/{name}')}"
        )


def test_every_file_is_provided_once_and_exists():
    assert set(SOURCES) == {*provided(), "segue_mark_cuts.lua"}
    own = {path.name for path in FOLDER.glob("*.lua")}
    assert {name for name in SOURCES if "/" not in name} == own
    assert all((FOLDER / name).is_file() for name in SOURCES)
    assert all(normpath(f"reaper/{name}").startswith(("reaper/", "lib/")) for name in SOURCES), (
        "outside of Segue's folder"
    )


def test_actions_and_no_others_are_in_the_action_list():
    actions = {name for name, source in SOURCES.items() if source.get("main") == "main"}
    assert actions == {name for name in SOURCES if name.startswith("segue_")}
    assert actions == {"segue_mark_cuts.lua"} | {name for name, kind in provided().items() if kind == "main"}
    for path in FOLDER.glob("*.lua"):  # of the rest ReaPack shall make no packages
        assert (path.read_text("utf-8").startswith("-- @noindex\n")) == (path.name != "segue_mark_cuts.lua"), path.name


def test_every_include_is_provided():
    files = {normpath(f"reaper/{name}") for name in SOURCES}
    for name in SOURCES:
        text = (FOLDER / name).read_text("utf-8")
        wanted = {f"{part}.lua" for part in re.findall(r'include \(?"([\w/]+)"', text)}
        assert wanted <= files, name
    assert 'pcall (include, "config")' in (FOLDER / "daemon.lua").read_text("utf-8"), "ReaPack has no config.lua"


@pytest.mark.parametrize("lua", BOTH)
def test_what_reapack_installs_works(lua, tmp_path, monkeypatch):
    """Its files and no others, in its folder; the daemon looks into the default spool, as `segue serve` does."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with session(lua, tmp_path / "data" / "segue") as (reaper, daemon):
        shutil.rmtree(reaper.scripts)
        for name in SOURCES:
            target = reaper.scripts / "reaper" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target = Path(normpath(target))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(FOLDER / name, target)
        daemon.answer = lambda region, cancelled: found(*cuts(6))
        reaper.add_item(song(tmp_path / "song.wav", 44100))
        reaper.action("mark_cuts")
        assert reaper.told() == [] and len(reaper.take_markers()) == 6
