"""Any name and any label comes out of every text format as a second reader of it reads what was meant."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlparse

import mido
import opentimelineio as otio
import pytest
import rpp
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from segue_bridge import formats, markers
from segue_bridge.errors import SegueError
from segue_bridge.marker_name import ascii_name, name
from segue_bridge.result import Analysis
from segue_bridge.text import one_line
from test_formats import analysis
from test_formats_rpp import block, lines, read

LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0"
LABELS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# What a file may be called on Linux: any bytes but / and NUL.
NAMES = st.binary(min_size=1, max_size=40).map(lambda b: os.fsdecode(b.replace(b"/", b"").replace(b"\0", b"") or b"a"))
ODD = [
    "#1; `q` \"w\" 'e'",
    "a\u2028b",
    "a\x85b",
    "a\rb",
    "=1+2",
    "\x1b[31mred",
    "caf\udce9.wav",
    "|pipe",
    "<x",
    ">",
    "",
]


def odd(label: str, path: str = "a.wav") -> Analysis:
    found = analysis(Path("/songs") / path)
    cuts = [replace(found.cuts[0], section=label)]
    return replace(found, cuts=cuts, sections=[replace(found.sections[0], label=label)], transitions=[])


def with_odd_ones(test):
    for text in ODD:
        test = example(text)(test)
    return test


@given(LABELS)
@with_odd_ones
def test_audacity_keeps_one_line_for_each_label(label: str) -> None:
    found = odd(label)
    text = formats.render("audacity", found).decode()
    assert text.splitlines() == [f"2.000000\t2.000000\t{name(found.cuts[0])}"]


@given(LABELS)
@with_odd_ones
def test_csv_is_read_back(label: str) -> None:
    (row,) = csv.DictReader(io.StringIO(formats.render("csv", odd(label)).decode(), newline=""))
    assert row["section"].replace("\n", "\\n") == one_line(label)
    assert row["time"] == "2.000000"


@given(LABELS, NAMES)
def test_json_is_read_back(label: str, path: str) -> None:
    read_back = json.loads(formats.render("json", odd(label, path)))
    assert read_back["sections"][0]["label"] == label
    assert read_back["audio"]["path"] == f"/songs/{path}"


@given(LABELS, NAMES)
def test_midi_is_read_back(label: str, path: str) -> None:
    found = odd(label, path)
    file = mido.MidiFile(file=io.BytesIO(formats.render("midi", found)), charset="utf-8")
    texts = {message.type: message for message in file.tracks[0]}
    assert texts["marker"].text == ascii_name(found.cuts[0])
    assert texts["track_name"].name == one_line(path)


@given(LABELS, NAMES)
def test_otio_is_read_back(label: str, path: str) -> None:
    found = odd(label, path)
    timeline = otio.adapters.read_from_string(formats.render("otio", found).decode(), "otio_json")
    (clip,) = timeline.find_clips()
    assert clip.markers[0].name == name(found.cuts[0])
    assert clip.markers[0].metadata["segue"]["section"] == one_line(label)
    url = urlparse(clip.media_reference.target_url)
    assert unquote_to_bytes(url.path) == os.fsencode(f"/songs/{path}")


def is_storable(path: str) -> bool:
    return not set(path) & set(LINE_ENDS) and not set("\"'`") <= set(path)


@given(LABELS, NAMES)
@example("#1", "a#b.wav")
@example("; a", "#1 #2.wav")
@example("it's", "a`b 'c'.wav")
@example("", '"x"')
@example("", "caf\udce9.wav")
def test_rpp_is_read_back_by_two_readers(label: str, path: str) -> None:
    found = odd(label, path)
    if not is_storable(path):
        with pytest.raises(SegueError, match="rename it"):
            formats.render("rpp", found)
        return
    text = formats.render("rpp", found).decode("utf-8", "surrogateescape")
    project = read(text.encode("utf-8", "backslashreplace"))
    item = block(block(project, "TRACK"), "ITEM")
    shown = path.encode("utf-8", "backslashreplace").decode()
    assert lines(block(item, "SOURCE"), "FILE") == [[f"/songs/{shown}"]]
    assert lines(project, "MARKER")[0][2] in (name(found.cuts[0]), name(found.cuts[0]).replace("`", "'"))
    items = rpp.loads(text).findall(".//ITEM")
    assert [line[1] for line in items[0].find("SOURCE") if line[0] == "FILE"] == [f"/songs/{path}"]


def test_no_word_of_a_project_can_be_taken_for_a_comment() -> None:
    text = formats.render("rpp", odd("#A;", "#1.wav")).decode()
    assert '"#1.wav"' in text and '"#A;"' in text
    bare = re.sub(r'"[^"]*"', "", text)
    assert "#" not in bare and ";" not in bare


@given(LABELS, NAMES)
def test_the_table_cannot_steer_a_terminal(label: str, path: str) -> None:
    text = formats.render("table", odd(label, path)).decode()
    assert len(text.splitlines()) == text.count("\n")
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text.replace("\n", ""))


def test_a_name_that_is_no_utf_8_is_drawn_and_copied(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\x1b\n.wav")
    with path.open("wb") as file:
        soundfile.write(file, [0.0, 0.5] * 48_000, 8000, format="WAV")
    assert formats.render("wav", analysis(path)).startswith(b"RIFF")


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\v", "\x1c"])
def test_label_files_keep_what_only_unicode_takes_for_a_line_end(tmp_path: Path, separator: str) -> None:
    (tmp_path / "a.txt").write_text(f"1.5\t1.5\texit a{separator}b\r\n2.5\t2.5\tentry\n", encoding="utf-8", newline="")
    assert [m.name for m in markers.read(tmp_path / "a.txt")] == [f"exit a{separator}b", "entry"]
    project = f'<REAPER_PROJECT 0.1\n  MARKER 1 1.5 "exit a{separator}b" 0\n>\n'
    (tmp_path / "a.rpp").write_text(project, encoding="utf-8", newline="")
    assert [m.name for m in markers.read(tmp_path / "a.rpp")] == ["exit a b"]
