"""Every format tells the same story, read back by a program that is not ours."""

import csv
import io
import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_bridge import formats
from segue_bridge.errors import SegueError
from segue_bridge.formats.table import clock
from segue_bridge.marker_name import ascii_name, name
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut, Section, Transition
from segue_models import registry


def analysis(path: Path, cuts: bool = True) -> Analysis:
    """Twelve seconds at 120 bpm in two sections, with one jump back."""
    beats = [Beat(0.5 * i, i // 4 + 1, i % 4 + 1) for i in range(24)]
    marks = [
        Cut(0, "entry", 2.0, 0.8725, 2, 1.0, "A"),
        Cut(1, "exit", 8.0, 0.91, 5, 1.0, "B"),
        Cut(2, "exit", 9.25, 0.4, 5, 3.5, "B"),
    ]
    return Analysis(
        AudioInfo(str(path), 12.0, 8000, "0" * 64),
        {"cuts": "fake 0"},
        120.0,
        4,
        beats,
        [Section(0.0, 6.0, "A"), Section(6.0, 12.0, "B")],
        marks if cuts else [],
        [Transition(1, 0, 0.84)] if cuts else [],
        [],
    )


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "söng $1_a$.wav"
    soundfile.write(path, np.sin(np.arange(96000) / 7.0) * np.linspace(0, 1, 96000), 8000)
    return path


def test_the_file_name_is_the_format() -> None:
    assert formats.names() == ["audacity", "csv", "json", "midi", "otio", "png", "rpp", "table", "wav"]
    for kind in formats.names():
        assert formats.for_path(Path("x" + formats.suffix(kind).upper())) == kind
    with pytest.raises(SegueError, match=r"\.labels\.txt \(audacity\).*--format"):
        formats.for_path(Path("song.docx"))


def test_the_longest_suffix_wins() -> None:
    assert formats.for_path(Path("song.txt")) == "table"
    assert formats.for_path(Path("song.labels.txt")) == "audacity"
    assert formats.for_path(Path("song.wav.json")) == "json"


def test_what_a_terminal_is_spared() -> None:
    assert [kind for kind in formats.names() if formats.is_binary(kind)] == ["midi", "png", "wav"]


def test_a_cut_has_one_name() -> None:
    cut = Cut(0, "exit", 1.0, 0.905, 17, 1.0, "B")
    assert (name(cut), ascii_name(cut)) == ("◀ exit 0.91 · B · bar 17", "< exit 0.91 - B - bar 17")
    early = Cut(0, "entry", 1.0, 1.0, None, None, "")
    assert (name(early), ascii_name(early)) == ("▶ entry 1.00 · no bar", "> entry 1.00 - no bar")


@pytest.mark.parametrize("kind", formats.names())
def test_before_the_first_downbeat_there_is_no_bar(song: Path, kind: str) -> None:
    found = analysis(song)
    beats = [Beat(0.5 * i, (i - 2) // 4 + 1 if i > 1 else None, (i - 2) % 4 + 1 if i > 1 else None) for i in range(24)]
    early = replace(found, beats=beats, cuts=[Cut(0, "entry", 0.5, 0.8725, None, None, "A"), *found.cuts[1:]])
    content = formats.render(kind, early)
    assert b"bar 0" not in content and b"bar -1" not in content and b"None" not in content
    if kind == "json":
        assert [json.loads(content)["cuts"][0][key] for key in ("bar", "beat")] == [None, None]
        assert json.loads(content)["beats"][1] == {"time": 0.5, "bar": None, "beat": None}
    elif kind == "csv":
        (row, *_) = csv.DictReader(io.StringIO(content.decode()))
        assert (row["bar"], row["beat"]) == ("", "")
    elif kind not in ("png", "otio"):
        assert b"no bar" in content
    if kind == "otio":
        assert b"no bar" in content and b'"bar": null' in content


def test_no_format_needs_its_library_before_it_is_asked() -> None:
    code = (
        "import sys\nfrom segue_bridge import formats\nfrom segue_models import registry\n"
        "for name in formats.names(): registry.load('segue_bridge.formats', name)\n"
        "print(sorted({'mido', 'opentimelineio', 'rpp', 'matplotlib', 'soundfile', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="json"):
        registry.load("segue_bridge.formats", "doc")


def test_json_keeps_the_contract(song: Path) -> None:
    d = json.loads(formats.render("json", analysis(song)))
    assert {"audio", "models", "tempo", "beats_per_bar", "beats", "sections", "cuts", "transitions"} <= set(d)
    assert d["cuts"][1] == {
        "id": 1, "kind": "exit", "time": 8.0, "score": 0.91, "bar": 5, "beat": 1.0, "section": "B"
    }  # fmt: skip
    assert d["transitions"] == [{"exit": 1, "entry": 0, "score": 0.84}]
    assert d["audio"]["path"] == str(song)


def test_csv_is_read_back_by_the_csv_reader(song: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(formats.render("csv", analysis(song)).decode())))
    assert [row["kind"] for row in rows] == ["entry", "exit", "exit"]
    assert [float(row["time"]) for row in rows] == [2.0, 8.0, 9.25]
    assert float(rows[0]["score"]) == 0.8725


def test_csv_is_read_back_by_numpy(song: Path) -> None:
    found = analysis(song)
    table = np.genfromtxt(
        io.BytesIO(formats.render("csv", found)), delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    rows = [(cut.id, cut.kind, cut.time, cut.score, cut.bar, cut.beat, cut.section) for cut in found.cuts]
    assert [tuple(row) for row in table] == rows


def test_csv_keeps_commas_quotes_and_line_breaks(song: Path) -> None:
    found = analysis(song)
    label = 'verse, "the\nsecond" ♪'
    odd = replace(found, cuts=[replace(found.cuts[0], section=label)])
    (row,) = csv.DictReader(io.StringIO(formats.render("csv", odd).decode(), newline=""))
    assert row["section"] == label


def test_table_fits_80_columns_and_names_the_jump(song: Path) -> None:
    text = formats.render("table", analysis(song)).decode()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    exits = [line.split() for line in text.splitlines() if line.startswith("◀")]
    assert [line[2] for line in exits] == ["0:08.000", "0:09.250"]
    assert exits[1][-3:] == ["5", "3.5", "B"]
    assert "0.84  exit #1 at 0:08.000 to entry #0 at 0:02.000  repeats 0:06.000" in text


def test_table_says_truly_why_no_transition_fits(song: Path) -> None:
    found = replace(analysis(song), transitions=[])
    for kept, reason in (
        (found.cuts[:1], "there are no exits"),
        (found.cuts[1:], "there are no entries"),
        (found.cuts, "no exit and no entry stand at the same place of the bar, two bars apart or more"),
    ):
        text = formats.render("table", replace(found, cuts=kept)).decode()
        assert f"no transition fits: {reason}" in text


def test_table_says_where_nothing_was_found(song: Path) -> None:
    text = formats.render("table", analysis(song, cuts=False)).decode()
    assert "no exits good enough" in text
    assert "no entries good enough" in text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.000"), (59.9996, "1:00.000"), (5400, "90:00.000")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def _pixels(png: bytes) -> "np.ndarray":
    from matplotlib.image import imread

    return imread(io.BytesIO(png))[:, :, :3]


def _share(picture: "np.ndarray", colour: str) -> float:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return float(np.mean(np.abs(picture - rgb).max(axis=2) < 0.02))


def test_png_is_1600_wide_and_shows_the_cuts(song: Path) -> None:
    from segue_bridge.formats.png import COLOUR

    png = formats.render("png", analysis(song))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", png[16:20]) == (1600,)
    with_cuts, without = _pixels(png), _pixels(formats.render("png", analysis(song, cuts=False)))
    for kind in ("exit", "entry"):
        assert _share(with_cuts, COLOUR[kind]) > 1.5 * _share(without, COLOUR[kind])  # the legend has one of each


def test_png_shows_silence_at_the_start_of_a_crescendo(song: Path) -> None:
    from segue_bridge.formats.png import _envelope

    peaks, loudness = _envelope(song, 0.0, 12.0)
    assert peaks[0] < 0.01
    assert peaks[-1] == pytest.approx(1.0, abs=0.02)
    assert loudness[-1] == pytest.approx(2**-0.5, abs=0.03)  # of a sine
    peaks, _ = _envelope(song, 6.0, 12.0)
    assert peaks[0] == pytest.approx(0.5, abs=0.02)


def test_png_has_no_arcs_that_hide_each_other() -> None:
    from segue_bridge.formats.png import _unlike

    kinds = {0: 10.0, 1: 12.0, 2: 40.0, 3: 50.0, 4: 51.0, 5: 80.0}
    cuts = {id: Cut(id, "exit", time, 0.9, 1, 1.0, "A") for id, time in kinds.items()}
    best, foot, near, other = (
        Transition(0, 3, 0.9), Transition(0, 5, 0.8), Transition(1, 4, 0.7), Transition(2, 5, 0.6)
    )  # fmt: skip
    assert _unlike([other, near, foot, best], cuts, 4.0) == [best, other]
    assert _unlike([other, near, foot, best], cuts, 1.0) == [best, near, other]


def test_png_of_a_lost_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(SegueError, match="cannot read"):
        formats.render("png", analysis(tmp_path / "gone.wav"))
