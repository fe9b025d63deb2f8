"""The REAPER project, read by a small reader of REAPER's blocks and quotes that is not the library we write with."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue_bridge import formats
from segue_bridge.errors import SegueError
from test_formats import analysis
from test_formats_midi import grid, of_bars

TOKEN = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s"'`]\S*))""")


def tokens(line: str) -> list[str]:
    """Words of a line; REAPER quotes with whichever of " ' ` the word has not."""
    found = list(TOKEN.finditer(line))
    assert "".join(match[0] for match in found).strip() == line.strip()
    return [next(group for group in match.groups() if group is not None) for match in found]


def read(project: bytes) -> tuple[list[str], list[Any]]:
    """(head, children) of the outermost block; a child is a list of words or again such a pair."""
    stack: list[tuple[list[str], list[Any]]] = [([], [])]
    for line in project.decode().splitlines():
        if line.strip() == ">":
            block = stack.pop()
            stack[-1][1].append(block)
        elif line.lstrip().startswith("<"):
            stack.append((tokens(line.lstrip()[1:]), []))
        else:
            stack[-1][1].append(tokens(line))
    ((_, (root,)),) = stack
    return root


def block(parent: tuple[list[str], list[Any]], name: str) -> Any:
    (found,) = [child for child in parent[1] if isinstance(child, tuple) and child[0][0] == name]
    return found


def lines(parent: tuple[list[str], list[Any]], name: str) -> list[list[str]]:
    return [child[1:] for child in parent[1] if isinstance(child, list) and child[0] == name]


def test_item_markers_and_regions(tmp_path: Path) -> None:
    path = tmp_path / 'Séan\'s "söng".flac'
    project = read(formats.render("rpp", analysis(path)))
    assert project[0][0] == "REAPER_PROJECT"
    item = block(block(project, "TRACK"), "ITEM")
    assert [lines(item, key) for key in ("POSITION", "SOFFS")] == [[["0"]], [["0"]]]
    assert float(lines(item, "LENGTH")[0][0]) == 12.0
    source = block(item, "SOURCE")
    assert source[0] == ["SOURCE", "FLAC"]
    assert lines(source, "FILE") == [[str(path)]]

    marks = [line for line in lines(project, "MARKER") if line[3:4] == ["0"]]
    assert [(int(line[0]), float(line[1]), line[2]) for line in marks] == [
        (1, 2.0, "▶ entry 0.87 · A · bar 2"),
        (2, 8.0, "◀ exit 0.91 · B · bar 5"),
        (3, 9.25, "◀ exit 0.40 · B · bar 5"),
    ]
    colours = [int(line[4]) for line in marks]
    assert all(colour & 0x1000000 and colour >> 16 & 0xFF == colour & 0xFF for colour in colours)
    assert colours[0] != colours[1] == colours[2]
    regions = [line for line in lines(project, "MARKER") if line[3] == "1"]
    assert [(int(line[0]), float(line[1]), line[2]) for line in regions] == [
        (1, 0.0, "A"), (1, 6.0, ""), (2, 6.0, "B"), (2, 12.0, "")
    ]  # fmt: skip


def test_a_steady_song_from_the_start_has_one_tempo(tmp_path: Path) -> None:
    project = read(formats.render("rpp", analysis(tmp_path / "a.wav")))
    assert [float(word) for word in lines(project, "TEMPO")[0]] == [120, 4, 4]
    assert lines(project, "PROJOFFS") == [["0", "0", "0"]]
    assert not [child for child in project[1] if child[0][0] == "TEMPOENVEX"]


@pytest.mark.parametrize(("start", "pick_up", "before"), [(0.1, 0, 1), (0.3, 1, 1), (0.2, 2, 2), (61.3, 3, 32)])
def test_bars_are_where_the_music_has_them(start: float, pick_up: int, before: int) -> None:
    rng = np.random.default_rng(2)
    times = [float(t) for t in start + np.cumsum([0, *(0.5 + 0.02 * rng.standard_normal(900))])]
    project = read(formats.render("rpp", grid(times, 4, pick_up)))
    points = [[float(word) for word in line] for line in lines(block(project, "TEMPOENVEX"), "PT")]
    assert points[0][0] == 0
    assert all(point[2] == 1 for point in points)  # square: no glide

    # As REAPER does: quarter notes run at each point's tempo, bars are counted by the time signatures.
    at = np.array([point[0] for point in points])
    bpm = np.array([point[1] for point in points])
    quarters = np.concatenate([[0], np.cumsum(np.diff(at) * bpm[:-1] / 60)])
    i = np.searchsorted(at, np.array(times) + 1e-9, side="right") - 1
    beats = quarters[i] + (np.array(times) - at[i]) * bpm[i] / 60
    assert np.abs(np.diff(beats) - 1).max() < 1e-4
    signatures = [
        (quarters[k], int(point[3]) % 65536, int(point[3]) // 65536) for k, point in enumerate(points) if point[3:]
    ]
    bars = 0.0
    for (here, above, below), (following, _, _) in pairwise(signatures):
        whole = (following - here) / (above * 4 / below)
        assert whole == pytest.approx(round(whole), abs=1e-4)  # a new signature only on a bar line
        bars += round(whole)
    assert signatures[-1][1:] == (4, 4)
    downbeat = bars + (beats[pick_up] - signatures[-1][0]) / 4
    assert downbeat == pytest.approx(before, abs=1e-4)
    assert lines(project, "PROJOFFS") == [["0", str(-before), "0"]]  # so that REAPER calls it bar 1, as we do


def test_a_steady_tempo_needs_few_points_and_stays_on_the_beat() -> None:
    times = [0.25 + 0.4718231 * i for i in range(12_000)]
    project = read(formats.render("rpp", grid(times)))
    points = [[float(word) for word in line] for line in lines(block(project, "TEMPOENVEX"), "PT")]
    assert len(points) <= 3
    at, bpm = points[-1][:2]
    assert at + 60 / bpm * round((times[-1] - at) * bpm / 60) == pytest.approx(times[-1], abs=1e-4)


def test_no_cuts_is_a_project_with_its_sections(tmp_path: Path) -> None:
    project = read(formats.render("rpp", analysis(tmp_path / "a.wav", cuts=False)))
    assert all(line[3] == "1" for line in lines(project, "MARKER"))


def test_a_path_that_reaper_cannot_store_is_told(tmp_path: Path) -> None:
    for name in ("""a`b"c'd.wav""", "a\nb.wav", "a\u2028b.wav", "a\x85b.wav"):
        with pytest.raises(SegueError, match="rename it"):
            formats.render("rpp", analysis(tmp_path / name))


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = analysis(tmp_path)
    project = read(formats.render("rpp", replace(found, audio=replace(found.audio, path="a.mp3"))))
    source = block(block(block(project, "TRACK"), "ITEM"), "SOURCE")
    assert (source[0][1], lines(source, "FILE")) == ("MP3", [[str(tmp_path / "a.mp3")]])


def test_a_changing_metre_and_the_bars_of_a_session_are_kept() -> None:
    project = read(formats.render("rpp", of_bars([4, 4, 3, 7, 7], first_bar=17)))
    points = [line for line in lines(block(project, "TEMPOENVEX"), "PT") if len(line) > 3]
    assert [(float(at), int(word) % 65536, int(word) // 65536) for at, _, _, word in points] == [
        (0.0, 4, 4), (2.0, 3, 4), (2.75, 7, 4)
    ]  # fmt: skip
    assert lines(project, "PROJOFFS") == [["0", "16", "0"]]


def test_six_eighths_are_no_six_quarters() -> None:
    project = read(formats.render("rpp", of_bars([6] * 8, unit=8)))
    assert [float(word) for word in lines(project, "TEMPO")[0]] == [120, 6, 8]
