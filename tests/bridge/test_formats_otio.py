"""The OTIO timeline, read as plain JSON, and checked by the library that owns the format."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

import opentimelineio as otio
import pytest

from segue_bridge import formats
from segue_bridge.result import Analysis
from test_formats import analysis


@pytest.fixture
def result(tmp_path: Path) -> Analysis:
    """Eleven minutes at 44.1 kHz, with a cut that stands between two milliseconds."""
    found = analysis(tmp_path / "söng #1 100%.wav")
    late = replace(found.cuts[2], time=654.321_102_3)
    return replace(
        found,
        audio=replace(found.audio, duration=700.0, sample_rate=44100),
        cuts=[*found.cuts[:2], late],
    )


def test_json_names_the_recording_and_the_sample_of_each_cut(result: Analysis) -> None:
    timeline = json.loads(formats.render("otio", result))
    (track,) = timeline["tracks"]["children"]
    (clip,) = track["children"]
    assert track["kind"] == "Audio"
    url = urlparse(clip["media_references"]["DEFAULT_MEDIA"]["target_url"])
    assert (url.scheme, unquote(url.path)) == ("file", result.audio.path)
    assert clip["source_range"]["duration"]["value"] == 700 * 44100
    marks = clip["markers"]
    assert [m["marked_range"]["start_time"]["value"] for m in marks] == [88200, 352800, round(654.321_102_3 * 44100)]
    assert {m["marked_range"]["start_time"]["rate"] for m in marks} == {44100}
    assert {m["marked_range"]["duration"]["value"] for m in marks} == {0}
    assert [(m["name"], m["color"]) for m in marks][:2] == [
        ("▶ entry 0.87 · A · bar 2", "GREEN"),
        ("◀ exit 0.91 · B · bar 5", "RED"),
    ]
    assert marks[1]["metadata"]["segue"] == {
        "id": 1, "kind": "exit", "score": 0.91, "bar": 5, "beat": 1.0, "section": "B"
    }  # fmt: skip
    known = timeline["metadata"]["segue"]
    assert known["transitions"] == [{"exit": 1, "entry": 0, "score": 0.84}]
    assert known["sections"][1] == {"start": 6.0, "end": 12.0, "label": "B"}


def test_the_library_finds_the_markers_inside_the_clip(result: Analysis) -> None:
    timeline = otio.adapters.read_from_string(formats.render("otio", result).decode(), "otio_json")
    (clip,) = timeline.find_clips()
    assert timeline.duration().to_seconds() == 700.0
    assert all(clip.trimmed_range().contains(mark.marked_range.start_time) for mark in clip.markers)
    at = [mark.marked_range.start_time.to_seconds() for mark in clip.markers]
    assert at == pytest.approx([cut.time for cut in result.cuts], abs=0.5 / 44100)


def test_no_cuts_is_a_clip_without_markers(tmp_path: Path) -> None:
    timeline = json.loads(formats.render("otio", analysis(tmp_path / "a.wav", cuts=False)))
    assert timeline["tracks"]["children"][0]["children"][0]["markers"] == []
