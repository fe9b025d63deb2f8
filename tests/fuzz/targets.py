"""What is fuzzed: each target takes any bytes and raises nothing but what its reader promises to raise."""

import logging
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import mido  # noqa: F401  # for the fuzzer, which sees into what is loaded before it begins
import numpy as np
import rpp  # noqa: F401

from segue_bridge import feedback, feedback_marks, formats, marker_name, markers, midi_map, osc, protocol, spool
from segue_bridge.daemon import Daemon, bind
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options, Region
from segue_models import registry
from segue_models.beats.user_grid import BadGrid, UserGrid
from segue_models.cuts import beat_align
from segue_models.serving.model_card import CardError, ModelCard
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid, grid_from_downbeats

from . import seeds

for package in ("segue_bridge.markers", "segue_bridge.formats"):
    for name in registry.names(package):
        registry.load(package, name)


@dataclass(frozen=True)
class Target:
    """A function of any bytes, and the inputs that it starts from."""

    run: Callable[[bytes], None]
    seeds: list[bytes]


def targets(folder: Path) -> dict[str, Target]:
    """All targets by name; files are written below `folder`, where verdicts are kept too ($XDG_DATA_HOME)."""
    sounds = {
        "wav": ("wav", "PCM_U8", 1000),
        "aiff": ("aiff", "PCM_16", 1000),
        "flac": ("flac", "PCM_S8", 1000),
        "ogg": ("ogg", "VORBIS", 8000),
        "opus": ("ogg", "OPUS", 8000),
        "mp3": ("mp3", "MPEG_LAYER_III", 8000),
    }
    return {
        "osc": Target(_osc, [*seeds.DATAGRAMS, osc.frame(seeds.PACKETS)]),
        "daemon": Target(_daemon, [osc.frame([packet]) for packet in seeds.DATAGRAMS] + [osc.frame(seeds.PACKETS)]),
        "options": Target(_options, [b'{"top": 3, "min_score": 0.5, "spool": ""}', *seeds.GRIDS, b"/a\n/b"]),
        "spool": Target(partial(_spool, folder), [osc.frame(seeds.PACKETS)]),
        "grid": Target(_grid, seeds.grids()),
        "midi_map": Target(partial(_midi_map, folder / "map.mid"), [seeds.written("midi")]),
        "markers_ardour": Target(partial(_markers, folder / "a.ardour"), [seeds.ARDOUR]),
        "markers_audacity": Target(
            partial(_markers, folder / "a.txt"), [seeds.written("audacity"), b"1\t2\tx\n\\\t1\n"]
        ),
        "markers_csv": Target(partial(_markers, folder / "a.csv"), [seeds.written("csv"), b"kind,time\nexit,83.5\n"]),
        "markers_json": Target(partial(_markers, folder / "a.json"), [seeds.written("json")]),
        "markers_midi": Target(partial(_markers, folder / "a.mid"), [seeds.written("midi")]),
        "markers_otio": Target(partial(_markers, folder / "a.otio"), [seeds.written("otio")]),
        "markers_rpp": Target(partial(_markers, folder / "a.rpp"), [seeds.written("rpp"), seeds.REAPER]),
        "wav_chunks": Target(partial(_wav, folder / "b.wav"), [seeds.cued(folder)]),
        "card": Target(_card, [seeds.card()]),
        "result": Target(_result, [seeds.written("json")]),
        "verdicts": Target(_verdicts, [seeds.verdict_lines()]),
        **{
            f"audio_{name}": Target(partial(_audio, folder / f"a.{kind}"), [seeds.sound(kind, subtype, rate)])
            for name, (kind, subtype, rate) in sounds.items()
        },
    }


def _osc(data: bytes) -> None:
    with suppress(osc.BadPacket):
        assert osc.frame(osc.unframe(data)) == data
    with suppress(osc.BadPacket):
        for message in osc.parse(data):
            protocol.job_of(message)
            with suppress(SegueError):
                protocol.arguments(message)


def _daemon(data: bytes) -> None:
    """A daemon with an analysis that takes no time; what it logs with a traceback is a fault."""
    daemon, faults = Daemon(bind(0), _analyse), _Faults()
    daemon.spools.add = lambda folder: None  # type: ignore[method-assign]  # else any folder of the machine is a spool
    logging.getLogger("segue_bridge").addHandler(faults)
    with suppress(osc.BadPacket):
        for packet in osc.unframe(data):
            daemon.receive(packet, ("127.0.0.1", daemon.port))
    daemon.stop()
    daemon.run()
    logging.getLogger("segue_bridge").removeHandler(faults)
    if faults.found:
        raise faults.found[0]


class _Faults(logging.Handler):
    """Keeps the exceptions that are logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.found.append(record.exc_info[1])


def _analyse(region: Region, options: Options, *_: object) -> Analysis:
    return replace(seeds.ANALYSIS, audio=replace(seeds.ANALYSIS.audio, path=str(region.paths[0])))


def _options(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(SegueError):
        protocol.region_paths(text)
    with suppress(SegueError, BadGrid):
        asked = protocol.options(text)
        if asked.grid:
            asked.grid.check(30.0)


def _midi_map(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with suppress(SegueError, BadGrid):
        UserGrid(tempo_map=midi_map.read(file)).check(30.0)


def _spool(folder: Path, data: bytes) -> None:
    own = folder / "spool"
    own.mkdir(exist_ok=True)
    (own / "1.osc").write_bytes(data)
    taken = spool.take(own)
    assert taken == ([data] if data else []), "a file was not taken as it is"
    for content in taken:
        with suppress(osc.BadPacket):
            osc.unframe(content)


def _grid(data: bytes) -> None:
    if len(data) < 2:
        return
    count, metre = struct.unpack_from("<BB", data)
    times = np.frombuffer(data[2 : 2 + 8 * count].ljust(8 * count, b"\0"), np.float64)
    positions = np.frombuffer(data[2 + 8 * count :][:count], np.int8).astype(np.int64)
    with suppress(ValueError), np.errstate(all="ignore"):
        grid = BeatGrid(times, positions, metre)
        middle = (times[0] + times[-1]) / 2
        bar, beat = grid.bar_and_beat([times[0], middle, times[-1]])
        assert len(bar) == len(beat) == 3
        if np.all(np.diff(times) > 1e-3) and np.abs(times).max() < 1e5:
            assert np.allclose(grid.seconds(grid.phase(times)), times)
            beat_align.cells(grid, times, 4)
        assert grid_from_downbeats(list(times), [int(p) for p in positions]).beats_per_bar != 0


def _markers(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with suppress(SegueError):
        for marker in markers.read(path):
            marker_name.kind(marker.name), marker_name.is_ours(marker.name)
            assert isinstance(marker.name, str), "a name is no text"
            assert all(abs(place.seconds) < 1e9 for place in marker.places), "a time is none"


def _wav(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    analysis = replace(seeds.ANALYSIS, audio=replace(seeds.ANALYSIS.audio, path=str(path)))
    with suppress(SegueError):
        copy = formats.render("wav", analysis)
        assert copy[:4] == b"RIFF" and struct.unpack("<I", copy[4:8])[0] == len(copy) - 8, "the length is wrong"


def _card(data: bytes) -> None:
    with suppress(CardError):
        ModelCard.from_json(data.decode("utf-8", "replace")).to_json()


def _result(data: bytes) -> None:
    with suppress(ValueError, KeyError, TypeError, OverflowError):
        Analysis.from_json(data.decode("utf-8", "replace")).to_json()


def _verdicts(data: bytes) -> None:
    feedback.path().parent.mkdir(parents=True, exist_ok=True)
    feedback.path().write_bytes(data)
    feedback_marks.from_verdicts(lambda sentence: None)


def _audio(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with suppress(audio.AudioError):
        read = audio.read([path])
        assert np.all(np.isfinite(read.samples)), "a sample is no number"
        assert read.samples.shape[1] == np.ceil(round(read.duration * audio.RATE_HZ, 3)), "the length is wrong"
