"""Markers read back: what our formats write (each held to an outside reader in its own test), and what people write."""

import json
import os
from dataclasses import replace
from pathlib import Path

import mido
import opentimelineio as otio
import pytest

from segue_bridge import formats, marker_name, markers
from segue_bridge.errors import SegueError
from segue_bridge.marker_name import ascii_name, name
from segue_bridge.markers import Marker, Place
from test_formats import analysis


@pytest.mark.parametrize("kind", ["audacity", "csv", "json", "midi", "otio", "rpp"])
def test_what_segue_wrote_is_known_as_its_own_at_its_time(kind, tmp_path):
    recording = tmp_path / "söng #1.wav"
    written = analysis(recording)
    path = tmp_path / f"x{formats.suffix(kind)}"
    path.write_bytes(formats.render(kind, written))
    found = markers.read(path)
    assert [m.name for m in found] == [ascii_name(c) if kind == "midi" else name(c) for c in written.cuts]
    assert [m.places[0].seconds for m in found] == pytest.approx([c.time for c in written.cuts], abs=0.0003)
    names_no_recording = kind in ("audacity", "csv", "midi")
    assert {m.places[0].paths for m in found} == {() if names_no_recording else (recording,)}
    assert all(marker_name.is_ours(m.name) for m in found)
    assert [marker_name.kind(m.name) for m in found] == [c.kind for c in written.cuts]


def test_labels_as_audacity_exports_them(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("1.500000\t1.500000\texit\n\\\t100.0\t200.0\n2.250000\t4.000000\t▶ hér\n9\t9\t\n", encoding="utf-8")
    assert markers.read(path) == [
        Marker("exit", (Place((), 1.5),)), Marker("▶ hér", (Place((), 2.25),)), Marker("", (Place((), 9.0),))
    ]  # fmt: skip


def test_rows_a_user_added_need_only_kind_and_time(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("kind,time\nexit,83.5\nentry,7\n", encoding="utf-8")
    assert [(m.name, m.places[0].seconds) for m in markers.read(path)] == [("exit", 83.5), ("entry", 7.0)]
    written = json.loads(analysis(tmp_path / "a.wav").to_json())
    written["cuts"].append({"kind": "exit", "time": 10.5})
    path = tmp_path / "a.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    assert markers.read(path)[-1] == Marker("exit", (Place((tmp_path / "a.wav",), 10.5),))


def test_markers_of_any_track_follow_the_tempo_map(tmp_path):
    file = mido.MidiFile(ticks_per_beat=480, charset="latin1")
    tempo, marks = file.add_track(), file.add_track()
    tempo += [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=250_000, time=960)]
    marks += [
        mido.MetaMessage("marker", text="exit f\xfcr", time=480),
        mido.MetaMessage("cue_marker", text="entry", time=960),
    ]
    file.save(tmp_path / "a.mid")
    found = markers.read(tmp_path / "a.mid")
    assert [m.places[0].seconds for m in found] == [1.0, 2.25]
    assert marker_name.kind(found[0].name) == "exit"


def test_markers_of_clips_and_of_the_timeline_stand_in_the_recording(tmp_path):
    def at(seconds):
        return otio.opentime.RationalTime(seconds * 1000, 1000)

    def span(start, length):
        return otio.opentime.TimeRange(at(start), at(length))

    media = otio.schema.ExternalReference((tmp_path / "a b.wav").as_uri(), span(100, 60))
    clip = otio.schema.Clip("a", media, span(110, 20))
    clip.markers.append(otio.schema.Marker("exit", span(115, 0)))
    timeline = otio.schema.Timeline("t")
    timeline.tracks.append(otio.schema.Track(children=[otio.schema.Gap(source_range=span(0, 5)), clip]))
    timeline.tracks.markers.append(otio.schema.Marker("entry", span(7, 0)))
    timeline.tracks.markers.append(otio.schema.Marker("entry", span(2, 0)))
    otio.adapters.write_to_file(timeline, str(tmp_path / "t.otio"))
    found = {(m.name, *((p.paths, round(p.seconds, 6)) for p in m.places)) for m in markers.read(tmp_path / "t.otio")}
    song = (tmp_path / "a b.wav",)
    assert found == {("exit", (song, 15.0)), ("entry", (song, 12.0)), ("entry",)}


REAPER = """<REAPER_PROJECT 0.1 "7.0" 1700000000
  MARKER 1 12.5 "exit after chorus" 0
  MARKER 2 3 ▶ 0
  MARKER 3 4 exit 1
  MARKER 3 5 "" 1
  <TRACK {1}
    <ITEM
      POSITION 10
      LENGTH 20
      SOFFS 1.5
      PLAYRATE 2 1 0 -1
      <SOURCE WAVE
        FILE "my song.wav"
      >
      TKM 42.25 "▶ entry" 0
    >
    <ITEM
      POSITION 0
      LENGTH 5
      <SOURCE MIDI
      >
    >
  >
>
"""


def test_reaper_markers_stand_where_the_item_plays_the_file(tmp_path):
    path = tmp_path / "p.RPP"
    path.write_text(REAPER, encoding="utf-8")
    song = (tmp_path / "my song.wav",)
    assert markers.read(path) == [
        Marker("exit after chorus", (Place(song, 1.5 + 2 * 2.5),)),
        Marker("▶", ()),
        Marker("▶ entry", (Place(song, 42.25),)),
    ]


# As Ardour 8.12 wrote it: constant tempi, one that grows, one that counts eighths.
TEMPI = """
  <Tempo npm="120" enpm="120" note-type="4" type="Constant" sclock="0" quarters="0:0" omega="0"/>
  <Tempo npm="90" enpm="90" note-type="4" type="Constant" sclock="1128960000" quarters="8:0" omega="0"/>
  <Tempo npm="90" enpm="150" note-type="4" type="Ramped" sclock="2257920000" quarters="14:0"
    omega="4.428854875283446e-10"/>
  <Tempo npm="180" enpm="180" note-type="8" type="Constant" sclock="3411323392" quarters="22:0" omega="0"/>
"""
# Ticks of the markers that it saved, and the samples where it showed them.
TICKS = (3878, 15322, 19824, 27463, 32969, 39525, 42065, 45447, 64743)
SAMPLES = (48475, 191525, 266400, 393595, 474048, 551999, 578403, 633607, 955207)


def test_markers_in_beats_stand_where_ardour_shows_them(tmp_path):
    path, song = tmp_path / "s.ardour", tmp_path / "song.wav"
    marks = "".join(f'<Location name="exit {t}" start="b{t}" end="b{t}" flags="IsMark"/>' for t in TICKS)
    path.write_text(
        f'<Session version="7003" sample-rate="48000"><TempoMap superclocks-per-second="282240000"><Tempos>{TEMPI}'
        f'</Tempos></TempoMap><Sources><Source id="1" type="audio" name="song.wav" origin="{song}"/></Sources>'
        '<Playlists><Playlist><Region channels="1" source-0="1" start="a0" length="a5644800000@a0"/></Playlist>'
        f"</Playlists><Locations>{marks}</Locations></Session>",
        encoding="utf-8",
    )
    found = markers.read(path)
    assert [m.name for m in found] == [f"exit {ticks}" for ticks in TICKS]
    assert [m.places[0].paths for m in found] == [(song,)] * len(TICKS)
    after = [m.places[0].seconds * 48000 - shown for m, shown in zip(found, SAMPLES, strict=True)]
    assert all(-1e-6 < samples < 1 for samples in after), "Ardour shows the sample before"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.docx", b"", "ends in"),
        ("a.ardour", b"<Session", "cannot be read"),
        ("a.txt", b"exit\t1\n", "line 1 has no time"),
        ("a.txt", b"\xff\xfe\x00", "cannot be read"),
        ("a.csv", b"time\n1\n", "kind"),
        ("a.json", b"[]", "cannot be read"),
        ("a.mid", b"MThd", "cannot be read"),
        ("a.otio", b"{}", "cannot be read"),
        ("a.rpp", b"nothing", "cannot be read"),
        ("a.ardour", b"<Session sample-rate='x'><Locations/></Session>", "cannot be read"),
    ],
)
def test_a_broken_file_is_one_sentence(name, content, says, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SegueError, match=says) as fault:
        markers.read(path)
    assert "\n" not in str(fault.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SegueError, match="does not exist"):
        markers.read(Path(tmp_path / "a.mid"))


def test_no_markers_is_no_fault(tmp_path):
    empty = replace(analysis(tmp_path / "a.wav"), cuts=[], transitions=[])
    for kind in ("csv", "json", "midi", "otio", "rpp", "audacity"):
        path = tmp_path / f"x{formats.suffix(kind)}"
        path.write_bytes(formats.render(kind, empty))
        assert markers.read(path) == []


BOMB = "<!DOCTYPE Session [<!ENTITY a 'xxxxxxxxxx'>]><Session sample-rate='1'>&a;</Session>"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.otio", "[" * 1_000_000, "cannot be read"),
        ("a.json", "[" * 1_000_000, "recursion"),
        ("a.ardour", BOMB, "declares entities"),
        ("a.ardour", "<Session>" + "<a>" * 1_000_000, "deeper than 64"),
        ("a.rpp", "<REAPER_PROJECT\n" + "<A\n" * 20_000, "cannot be read"),
        ("a.txt", "nan\t2\texit\n", "stands at no time"),
        ("a.txt", "1e400\t2\texit\n", "stands at no time"),
        ("a.csv", "kind,time\nexit,-inf\n", "stands at no time"),
    ],
)
def test_a_file_that_means_harm_is_one_sentence_too(name, content, says, tmp_path):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(SegueError, match=says) as fault:
        markers.read(path)
    assert "\n" not in str(fault.value)


def test_a_file_that_crashes_opentimelineio_crashes_nothing_else(tmp_path):
    path = tmp_path / "a.otio"
    path.write_bytes(formats.render("otio", analysis(tmp_path / "a.wav")).replace(b'"Clip.2"', b'"Clip.1"'))
    with pytest.raises(SegueError, match="crashes on it"):
        markers.read(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(SegueError, match="no regular file"):
        markers.read(tmp_path / "a.txt")


def test_the_state_of_plug_ins_is_not_read(tmp_path):
    """Megabytes of it stand in a REAPER project, and the library takes the square of their time."""
    state = "<VST x\n" + "bWVnYWJ5dGVz\n" * 200_000 + ">\n"
    (tmp_path / "a.rpp").write_text(REAPER.replace("  <TRACK {1}\n", f"  <TRACK {{1}}\n{state}"))
    assert [m.name for m in markers.read(tmp_path / "a.rpp")] == ["exit after chorus", "▶", "▶ entry"]


def test_a_session_that_announces_channels_without_end_has_those_it_names(tmp_path):
    region = '<Region start="a0" length="a2822400000@a0" channels="999999999" source-0="1" source-1="2"/>'
    (tmp_path / "a.ardour").write_text(
        '<Session sample-rate="48000"><Sources><Source id="1" name="l" type="audio" origin="/l.wav"/>'
        f'<Source id="2" name="r" type="audio" origin="/r.wav"/></Sources><Playlists><Playlist>{region}</Playlist>'
        '</Playlists><Locations><Location name="exit" start="a282240000" flags="IsMark"/></Locations></Session>'
    )
    assert markers.read(tmp_path / "a.ardour") == [Marker("exit", (Place((Path("/l.wav"), Path("/r.wav")), 1.0),))]
