"""lib/marker_name.lua: the names of our markers, made and known again in every language."""

import shutil
import subprocess

import pytest

from plain_lua import run
from segue_bridge import marker_name
from segue_bridge.result import Cut

NAME = """
local cut = { kind = arg[1], score = tonumber (arg[2]), section = arg[3], bar = tonumber (arg[4]) }
io.write ((include "lib/marker_name").of (cut))
"""
KIND = 'print ((include "lib/marker_name").kind (arg[1]))'


@pytest.mark.parametrize(
    ("kind", "score", "section", "bar", "name"),
    [
        ("exit", "0.9149", "B", "17", "◀ exit 0.91 · B · bar 17"),
        ("entry", "0.88", "A", "1", "▶ entry 0.88 · A · bar 1"),
        ("entry", "1", "verse 2", "-1", "▶ entry 1.00 · verse 2 · no bar"),
        ("exit", "0.005", "", "-1", "◀ exit 0.01 · no bar"),
    ],
)
def test_names_are_made_and_known_again(kind, score, section, bar, name):
    """As those that the formats write."""
    cut = Cut(1, kind, 1.0, float(score), None if bar == "-1" else int(bar), None, section)
    assert marker_name.name(cut) == run(NAME, kind, score, section, bar).decode() == name
    assert run(KIND, name).decode() == f"{marker_name.kind(name)}\n" == f"{kind}\n"


@pytest.mark.parametrize("name", ["▶ entry 1.00 · verse 2 · bar 0", "▶ entry 1.00 · bar -1"])
def test_names_of_earlier_versions_are_known(name):
    assert run(KIND, name) == b"entry\n"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "verse",
        "◀ exit",
        "▶ entry 0.88",
        "◀ exit 0.91 · B · bar 17 keep",
        "my ◀ exit 0.91 · B · bar 17",
        "bar 17",
        "pick-up",
        "◀ exit 0.91 · B · no bars",
    ],
)
def test_other_names_are_the_users(name):
    assert run(KIND, name) == b"nil\n"


def test_the_point_is_a_point_where_the_language_has_a_comma(tmp_path, monkeypatch):
    german = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")]
    if not shutil.which("localedef") or subprocess.run(german, capture_output=True).returncode:
        pytest.fail("a German locale cannot be made: apt-get install locales")
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    german = 'assert (os.setlocale ("de_DE.UTF-8")) assert (("%.1f"):format (0.5) == "0,5") arg[2] = 0.91 '
    assert run(german + NAME, "exit", "", "B", "17").decode() == ("◀ exit 0.91 · B · bar 17")
