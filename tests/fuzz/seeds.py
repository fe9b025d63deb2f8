"""Small whole inputs that a fuzzer begins with: what we write ourselves, and what DAWs write."""

import io
import json
import struct
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import soundfile

from segue_bridge import formats, osc, protocol
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut, Section, Transition
from segue_models.serving.model_card import Calibration, ModelCard

ANALYSIS = Analysis(
    AudioInfo("/music/song.wav", 4.5, 1000, "0" * 64),
    {"cuts": "x"},
    120.0,
    4,
    [Beat(0.5 * i, i // 4 + 1, i % 4 + 1) for i in range(9)],
    [Section(0.0, 4.5, "A")],
    [Cut(0, "entry", 2.0, 0.87, 2, 1.0, "A"), Cut(1, "exit", 4.0, 0.91, 3, 1.0, "A")],
    [Transition(1, 0, 0.84)],
    ["a warning"],
)

PACKETS = [
    protocol.reply("/segue/hello", 1, "Ardour", "8.12", "", sender="host"),
    protocol.reply("/segue/analyze", 7, "/music/song.wav", 0.0, 12.5, '{"top": 3, "min_score": 0.5}', sender="host"),
    protocol.reply("/segue/analyze", 8, "/a\n/b", 0.0, 0.0, '{"spool": "/nowhere"}', sender="host"),
    protocol.reply("/segue/resend", 7, sender="host"),
    protocol.reply("/segue/cancel", 7, sender="host"),
    protocol.reply("/segue/preview", 7, 0, 1, 2.0, 2.0, sender="host"),
    protocol.reply("/segue/verdict", 7, 0, "kept", "exit", 1.0, sender="host"),
    protocol.reply("/segue/status", sender="host"),
]
DATAGRAMS = [*PACKETS, *osc.bundles(PACKETS)]

GRIDS = [
    b'{"grid": {"bpm": 124, "meter": "6/8", "downbeat": 1.5, "shift": 0.5}}',
    b'{"grid": {"points": [[0, 0], [1.5, 4]], "signatures": [[0, 4, 4], [4, 7, 8]], "bar": 9}}',
]

ARDOUR = b"""<?xml version="1.0" encoding="UTF-8"?>
<Session version="7003" name="s" sample-rate="48000">
 <Sources><Source id="9" name="song.wav" type="audio" origin="/music/song.wav"/></Sources>
 <Playlists><Playlist><Region name="song" start="a0" length="a2822400000@a282240000" channels="1" source-0="9"/>
 <Region start="b0" length="b19200@b1920" channels="2" source-0="9" source-1="9"/></Playlist></Playlists>
 <Locations><Location name="exit" start="a846720000" flags="IsMark"/>
 <Location name="entry" start="b7680" flags="IsMark,IsHidden"/></Locations>
 <TempoMap superclocks-per-second="282240000"><Tempos>
 <Tempo npm="120" note-type="4" sclock="0" quarters="0:0"/>
 <Tempo npm="90" note-type="8" sclock="282240000" quarters="2:0"/></Tempos></TempoMap></Session>
"""
REAPER = b"""<REAPER_PROJECT 0.1 "7.0" 1700000000
  MARKER 1 12.5 "exit after chorus" 0
  MARKER 3 4 exit 1
  <TRACK {1}
    <ITEM
      POSITION 10
      LENGTH 20
      SOFFS 1.5
      PLAYRATE 2 1 0 -1
      <SOURCE WAVE
        FILE "my song.wav"
      >
      TKM 42.25 "entry" 0
    >
  >
>
"""


def written(name: str) -> bytes:
    """The analysis in one of our formats."""
    return formats.render(name, ANALYSIS)


def sound(ending: str, subtype: str, rate: int = 1000) -> bytes:
    """Four and a half seconds of a falling tone as a file."""
    t = np.arange(round(4.5 * rate)) / rate
    file = io.BytesIO()
    soundfile.write(file, 0.5 * np.sin(900 * t / (1 + t)), rate, subtype=subtype, format=ending.upper())
    return file.getvalue()


def cued(folder: Path) -> bytes:
    """A WAV file with cue points of ours and of another."""
    path = folder / "seed.wav"
    path.write_bytes(sound("wav", "PCM_U8"))
    return formats.render("wav", replace(ANALYSIS, audio=replace(ANALYSIS.audio, path=str(path))))


def verdict_lines() -> bytes:
    """Verdicts of two cuts of a transition, one that was moved and one that was added."""
    line = {"audio": {**asdict(ANALYSIS.audio), "paths": ["/music/song.wav"]}, "region": [0.0, None], "models": {}}
    cuts = {cut.kind: asdict(cut) for cut in ANALYSIS.cuts}
    rows = [("kept", "exit", 4.0), ("kept", "entry", 2.0), ("moved", "exit", 3.9), ("added", "entry", 1.5)]
    return "".join(
        json.dumps({**line, "verdict": verdict, "kind": kind, "time": time, "cut": cuts[kind]}) + "\n"
        for verdict, kind, time in rows
    ).encode()


def card() -> bytes:
    """The card of a small network."""
    return (
        ModelCard(
            *("x", "1", "cuts", "cut_tcn", "song", ("entry", "exit"), {"name": "gammatone"}, 4, 8, (0.0,), (1.0,), "l"),
            calibration={"entry": Calibration(1.0, 0.5, ("a",))},
        )
        .to_json()
        .encode()
    )


def grids() -> list[bytes]:
    """Beats as float64 behind their number and metre, positions as int8 behind them."""
    times = np.arange(9) * 0.5
    return [struct.pack("<BB", 9, 4) + times.tobytes() + (np.arange(9, dtype=np.int8) % 4 + 1).tobytes()]
