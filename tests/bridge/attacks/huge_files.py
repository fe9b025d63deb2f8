"""Recordings that are huge, endless or none, each refused at once; and a long one whose hashing is cancelled."""

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from click_song import click_song
from osc_host import Host
from victim import Victim

TITLE = "files: 100 GB, endless, of 1,000 channels"
VICTIM = {"analyse": "real"}
GB = 1 << 30
PATIENCE = 60.0  # seconds


def attack(one: Victim) -> tuple[int, str]:
    """Each ends with an error of its own, and memory stays; then a cancel while 3 GB are hashed."""
    host, codes, tried = Host(one.port), set(), 0
    for paths, start, length in _files(one.home):
        tried += 1
        host.analyze(tried, "\n".join(map(str, paths)), start, length)
        try:
            codes.add(host.wait("/segue/error", PATIENCE)[1])
        except (TimeoutError, AssertionError):
            one.hung.append(f"{paths[0]}")
    one.missed += [f"a sentence for the user instead of {code}" for code in codes & {"internal"}]
    song, long = click_song(one.home / "song.wav"), _wav(one.home / "long.wav", 3 * GB, 8, 96_000)
    host.analyze(100, song)
    host.wait("/segue/done", PATIENCE)  # kept from now on
    host.analyze(101, long, 0.0, 60.0)
    host.analyze(102, song)
    time.sleep(0.3)
    began = time.monotonic()
    host.say("/segue/cancel", 101)
    while host.wait("/segue/done", PATIENCE)[0] != 102:
        pass
    heard = time.monotonic() - began
    host.socket.close()
    peak = _peak(one)
    return tried + 1, f"{', '.join(sorted(codes))}; the next job was done {heard:.2f} s after a cancel; peak {peak}"


def _files(home: Path) -> Iterator[tuple[list[Path], float, float]]:
    """Paths, start and length of regions."""
    (home / "sparse.wav").touch()
    os.truncate(home / "sparse.wav", 100 * GB)
    yield [home / "sparse.wav"], 0.0, 0.0
    yield [_wav(home / "100 GB.wav", 100 * GB, 2, 44_100)], 0.0, 0.0
    yield [_wav(home / "4 GB.wav", 4 * GB - 100, 1, 8_000)], 0.0, 0.0
    yield [_wav(home / "1000 channels.wav", 200_000_000, 1000, 8_000)], 0.0, 20.0
    yield [_wav(home / "1 Hz.wav", 44 + 20 * 4 * 3000, 20, 1)], 0.0, 0.0
    yield [click_song(home / "300.wav")] * 300, 0.0, 0.0
    yield [click_song(home / "60.wav", 250.0)] * 60, 0.0, 0.0
    os.mkfifo(home / "pipe.wav")
    for path in (home / "pipe.wav", Path("/dev/zero"), Path("/proc/self/pagemap"), Path("/proc/kmsg"), home):
        yield [path], 0.0, 0.0


def _wav(path: Path, size: int, channels: int, rate: int) -> Path:
    """A WAV of so many bytes, floats that are all 0; sizes above 4 GB do not fit into its header."""
    least, block = min(size, 0xFFFFFFFF), 4 * channels
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", least - 8, b"WAVE", b"fmt ", 16, 3, channels, rate, rate * block,
                       block, 32)  # fmt: skip
    path.write_bytes(head + struct.pack("<4sI", b"data", least - 44))
    os.truncate(path, size)
    return path


def _peak(one: Victim) -> str:
    """The most memory the daemon has held."""
    status = Path(f"/proc/{one.process.pid}/status")
    if not status.exists():
        return "unknown"
    (kilobytes,) = (int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return f"{kilobytes / 1e6:.2f} GB"
