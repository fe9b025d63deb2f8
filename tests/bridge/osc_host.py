"""A DAW script for tests: speaks raw OSC to the daemon; and analyses whose result is known."""

import socket
import time
from collections import deque
from dataclasses import replace

from segue_bridge import osc, protocol
from segue_bridge.result import Analysis, AudioInfo, Cut, Transition


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

    def next(self, timeout: float = 3.0) -> osc.Message:
        """The next message; fails where none comes."""
        if not self.heard:
            self.socket.settimeout(timeout)
            datagram = self.socket.recv(65535)
            self.sizes.append(len(datagram))
            self.heard.extend(osc.parse(datagram))
        return self.heard.popleft()

    def wait(self, address: str, timeout: float = 3.0) -> tuple:
        """Arguments of the next message to that address; others are skipped."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.next(max(0.01, end - time.monotonic()))
            if message.address == address:
                return message.values
        raise AssertionError(f"no {address}")

    def counted_set(self, timeout: float = 3.0) -> list[osc.Message]:
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
        self.heard.clear()
        self.analyze(999_999)
        return self.wait("/segue/done")[0] == 999_999
