"""A DAW script for tests: speaks raw OSC to the daemon; and analyses whose result is known."""

import socket
import struct
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from segue_bridge import osc, protocol
from segue_bridge.result import Analysis, AudioInfo, Cut, Transition

PATIENCE = 60.0  # seconds: on a busy machine everything takes long, and what never comes is noticed all the same


def analysis_of(cuts: int, path: str = "/song.wav") -> Analysis:
    """A result with so many cuts, alternately exits and entries, and a transition between neighbours."""
    found = [Cut(i, ("exit", "entry")[i % 2], 1.0 + i / 3, 0.75, 1 + i // 4, 1.0 + i % 4, "A") for i in range(cuts)]
    jumps = [Transition(i, i + 1, 0.5) for i in range(0, cuts - 1, 2)]
    return Analysis(AudioInfo(path, 200.0, 44100, "0" * 64), {"cuts": "x"}, 120.0, 4, [], [], found, jumps, [])


def quick(region, options, progress, cancelled):
    """An analysis that takes no time; `top` gives the number of cuts."""
    progress(0.5, "cuts")
    return replace(analysis_of(options.top or 6), audio=AudioInfo(str(region.paths[0]), 200.0, 44100, "0" * 64))


class Host:
    """A DAW script over UDP, without our client: sends bytes, keeps what comes back."""

    def __init__(self, port: int) -> None:
        self.daemon = (protocol.HOST, port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((protocol.HOST, 0))
        self.heard: deque[osc.Message] = deque()
        self.sizes: list[int] = []

    def raw(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self.daemon)

    def say(self, address: str, *values) -> None:
        self.raw(protocol.reply(address, *values, sender="host"))

    def analyze(self, job: int, path="/song.wav", start=0.0, length=0.0, options="") -> None:
        self.say("/segue/analyze", job, str(path), start, length, options)

    def next(self, timeout: float = PATIENCE) -> osc.Message:
        """The next message; fails where none comes."""
        if not self.heard:
            self.socket.settimeout(timeout)
            datagram = self.socket.recv(65535)
            self.sizes.append(len(datagram))
            self.heard.extend(osc.parse(datagram))
        return self.heard.popleft()

    def wait(self, address: str, timeout: float = PATIENCE) -> tuple:
        """Arguments of the next message to that address; others are skipped."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.next(max(0.01, end - time.monotonic()))
            if message.address == address:
                return message.values
        raise AssertionError(f"no {address}")

    def counted_set(self, timeout: float = PATIENCE) -> list[osc.Message]:
        """All messages up to and including /segue/done, progress left out."""
        messages = []
        while not messages or messages[-1].address != "/segue/done":
            message = self.next(timeout)
            if message.address != "/segue/progress":
                messages.append(message)
        return messages

    def silent(self, seconds: float) -> bool:
        """True where nothing but progress is heard in that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                if self.next(left).address != "/segue/progress":
                    return False
            except TimeoutError:
                return True
        return True

    def well(self) -> bool:
        """True where the daemon answers the next request, here with a whole job."""
        self.analyze(999_999)
        while self.wait("/segue/done")[0] != 999_999:  # that of an earlier job
            pass
        return True


class Slow:
    """An analysis that takes as long as it is let; looks up every 20 ms like the real one does between stages."""

    def __init__(self):
        self.let, self.running = threading.Event(), threading.Event()
        self.looks = 0

    def __call__(self, region, options, progress, cancelled):
        self.running.set()
        while not self.let.wait(0.02):
            self.looks += 1
            progress(0.5, "beats")
            if cancelled():
                raise RuntimeError("stopped")
        return analysis_of(options.top or 2)


class SpoolHost:
    """A DAW script without UDP: writes and polls files as the spool's description says, with nothing of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.files: list[bytes] = []

    def put(self, *packets: bytes) -> None:
        self.count += 1
        path = self.folder / "to_daemon" / f"{self.count:08d}"
        path.with_suffix(".tmp").write_bytes(b"".join(struct.pack(">i", len(p)) + p for p in packets))
        path.with_suffix(".tmp").rename(path.with_suffix(".osc"))

    def poll(self, timeout: float = PATIENCE) -> list[osc.Message]:
        """All messages of the oldest file, waiting for one."""
        end = time.monotonic() + timeout
        while not (found := sorted((self.folder / "to_host").glob("*.osc"))):
            assert time.monotonic() < end, "nothing came"
            time.sleep(0.01)
        content, at, messages = found[0].read_bytes(), 0, []
        found[0].unlink()
        while at < len(content):
            (size,) = struct.unpack_from(">i", content, at)
            messages += osc.parse(content[at + 4 : at + 4 + size])
            at += 4 + size
        return messages

    def wait(self, address: str) -> list[osc.Message]:
        while True:
            messages = self.poll()
            if any(m.address == address for m in messages):
                return messages


def until(condition, timeout=PATIENCE):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
