"""The other end of the protocol, for the command line, the doctor and the tests: one host over UDP."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from segue_bridge import PROTOCOL, __version__, meeting, osc, private, protocol
from segue_bridge.errors import SegueError
from segue_bridge.result import Cut, Transition
from segue_bridge.result_cache import cache_root
from segue_bridge.users import Users

PATIENCE = 0.5  # seconds of silence after which the daemon is asked where the job stands
HELLO = 0.02  # seconds after which hello is said again: what others flood loses most of them
STALE = 5  # seconds after which a daemon that has not said alive is gone
DATAGRAM = 65507  # bytes at most
SILENCE = 10.0  # seconds of silence after which it is taken for dead: it answers while it computes


@dataclass(frozen=True)
class Found:
    """A complete counted set."""

    cuts: list[Cut]
    transitions: list[Transition]


class Client:
    """One host that talks to the daemon on 127.0.0.1. Every method raises SegueError "no_daemon" where none answers."""

    def __init__(self, port: int = protocol.PORT) -> None:
        self._meeting = meeting.find(port)
        self.port = self._meeting.port if self._meeting else port
        # Numbers of an earlier client on the same UDP port must not be taken for ours.
        self._next_job = random.randrange(1, 1 << 30)
        self._requests: dict[int, tuple[osc.Value, ...]] = {}
        self._users = Users()
        self._is_met = self._is_proved = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            self._socket.connect((protocol.HOST, self.port))
        except OSError as fault:  # other programs hold all of them
            self.close()
            raise SegueError("no_daemon", f"no UDP port is free to ask a daemon from ({fault.strerror})") from fault

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the UDP port back."""
        self._socket.close()
        self._users.close()

    def hello(self, host: str = "segue", timeout: float = 2.0) -> str:
        """Version of the daemon, which is our own user's: nothing else is told to anybody before that is known."""
        hello = ("/segue/hello", PROTOCOL, host, __version__, "")
        version = str(self._ask("/segue/ready", timeout, *hello, patience=HELLO)["version"])
        self._is_met = True
        return version

    def hello_from(self, folder: Path) -> None:
        """Say hello for a host whose spool that folder is. Raises SegueError "bad_spool"."""
        self._send("/segue/hello", PROTOCOL, "segue", __version__, str(folder))
        for message in self._receive(PATIENCE / 5):
            if message.address == "/segue/error":
                fault = protocol.arguments(message, "daemon")
                raise SegueError(fault["code"], fault["message"])
        self._send("/segue/hello", PROTOCOL, "segue", __version__, "")  # what is said here is answered here again

    def status(self, timeout: float = 2.0) -> dict[str, Any]:
        """What the daemon says of itself: version, protocol, pid, uptime, queue, models, provider."""
        if not self._is_met:
            self.hello(timeout=timeout)
        return dict(json.loads(self._ask("/segue/status", timeout, "/segue/status")["status"]))

    def submit(
        self,
        paths: Sequence[Path],
        start: float = 0.0,
        length: float | None = None,
        options: dict[str, Any] | None = None,
    ) -> int:
        """Ask for an analysis and return the number of the job; `result` waits for it."""
        if not self._is_met:
            self.hello()
        self._next_job += 1
        self._requests[self._next_job] = (
            "\n".join(os.path.abspath(path) for path in paths),
            start,
            length or 0.0,
            json.dumps(options or {}),
        )
        self._send("/segue/analyze", self._next_job, *self._requests[self._next_job])
        return self._next_job

    def result(
        self, job: int, progress: Callable[[float, str], None] = lambda fraction, stage: None, timeout: float = 600.0
    ) -> Found:
        """Wait for a job and return its counted set; asks again for what was lost.

        Raises SegueError with the daemon's code, "cancelled", or "timeout".
        """
        cuts: dict[int, Cut] = {}
        transitions: dict[tuple[int, int], Transition] = {}
        end = time.monotonic() + timeout
        asked = heard = time.monotonic()
        while time.monotonic() < end:
            for message in self._receive(PATIENCE):
                values = protocol.arguments(message, "daemon")
                if values.pop("job", None) != job:
                    continue
                heard = asked = time.monotonic()
                match message.address:
                    case "/segue/progress":
                        progress(values["fraction"], values["stage"])
                    case "/segue/cut":
                        cuts[values["id"]] = protocol.cut(values)
                    case "/segue/transition":
                        transitions[values["exit"], values["entry"]] = Transition(**values)
                    case "/segue/done" if (len(cuts), len(transitions)) == (values["cuts"], values["transitions"]):
                        return Found(sorted(cuts.values(), key=lambda c: c.id), list(transitions.values()))
                    case "/segue/done":
                        self._send("/segue/resend", job)
                    case "/segue/cancelled":
                        raise SegueError("cancelled", f"job {job} was cancelled")
                    case "/segue/error" if values["code"] == "unknown_job":  # our request itself was lost
                        self._send("/segue/analyze", job, *self._requests[job])
                    case "/segue/error" if values["code"] == "duplicate_job":  # two were on their way
                        pass
                    case "/segue/error":
                        raise SegueError(values["code"], values["message"])
            if time.monotonic() - heard > SILENCE:
                raise self._nobody()
            if time.monotonic() - asked >= PATIENCE:
                asked = time.monotonic()
                self._send("/segue/resend", job)
        raise SegueError("timeout", f"job {job} took longer than {timeout:g} s: look at `segue doctor`")

    def analyze(
        self,
        paths: Sequence[Path],
        start: float = 0.0,
        length: float | None = None,
        options: dict[str, Any] | None = None,
        progress: Callable[[float, str], None] = lambda fraction, stage: None,
        timeout: float = 600.0,
    ) -> Found:
        """`submit` and `result` in one."""
        return self.result(self.submit(paths, start, length, options), progress, timeout)

    def cancel(self, job: int) -> None:
        """Stop a job; `result` then raises SegueError "cancelled"."""
        self._send("/segue/cancel", job)

    def _ask(
        self, answer: str, timeout: float, address: str, *values: osc.Value, patience: float = PATIENCE
    ) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self._send(address, *values)
            for message in self._receive(min(patience, timeout)):
                if message.address == answer:
                    return protocol.arguments(message, "daemon")
                if message.address == "/segue/error" and message.values[:1] == (-1,):
                    fault = protocol.arguments(message, "daemon")
                    raise SegueError(fault["code"], fault["message"])
        raise self._nobody()

    def _send(self, address: str, *values: osc.Value) -> None:
        packet = protocol.reply(address, *values, sender="host")
        ours = self._users.ours((protocol.HOST, self.port), self._socket.getsockname())
        if ours is None and self._meeting:  # no kernel tells: both ends prove it
            token = protocol.reply("/segue/token", self._meeting.token, sender="host")
            (packet,) = osc.bundles([token, packet], DATAGRAM)
        elif not ours:
            raise self._nobody()
        self._is_proved = self._is_proved or bool(ours)
        try:
            self._socket.send(packet)
        except ConnectionError:  # the answer to an earlier datagram: nobody listens on the port
            raise self._nobody() from None

    def _receive(self, timeout: float) -> Iterator[osc.Message]:
        """The messages of the next datagram, none after `timeout` seconds, nor before the daemon is known as ours."""
        self._socket.settimeout(timeout)
        try:
            messages = osc.parse(self._socket.recv(65535))
        except TimeoutError:
            return
        except ConnectionError:
            raise self._nobody() from None
        except osc.BadPacket as fault:
            raise SegueError("no_daemon", f"what listens on port {self.port} is not Segue: {fault}") from fault
        for message in messages:
            if message.address == "/segue/token" and self._meeting and message.values == (self._meeting.proof,):
                self._is_proved = True
            elif self._is_proved:
                yield message

    def _nobody(self) -> SegueError:
        return SegueError("no_daemon", f"no Segue daemon answers on port {self.port}: start one with `segue serve`")


def hand_over(folder: Path, port: int = protocol.PORT, timeout: float = 5.0) -> None:
    """Make the running daemon watch a spool folder, which may lie anywhere.

    Raises SegueError "no_daemon", or "bad_spool" where the daemon refuses it.
    """
    end = time.monotonic() + timeout
    with Client(port) as client:
        client.hello()
        while not _is_watched(folder):
            if time.monotonic() > end:
                raise SegueError("no_daemon", f"the daemon does not watch {folder}: stop it and start it again")
            client.hello_from(folder)


def _is_watched(folder: Path) -> bool:
    with suppress(OSError, ValueError, IndexError):
        return time.time() - int((folder / "daemon.alive").read_text("ascii").split()[2]) < STALE
    return False


def answers(port: int = protocol.PORT, timeout: float = 2.0) -> bool:
    """True where a Segue daemon of any protocol answers on the port."""
    with Client(port) as client:
        try:
            client.hello(timeout=timeout)
        except SegueError as fault:
            return fault.code == "wrong_protocol"
    return True


def ensure_daemon(port: int = protocol.PORT, timeout: float = 20.0, spool: Path | None = None) -> bool:
    """Start a daemon in the background where none answers; True where it was started now.

    `spool`: a folder that it then watches. Raises SegueError "no_daemon" where it does not come up, or "bad_spool".
    """
    started = not answers(port)
    if started:
        _start(port, timeout)
    if spool:
        hand_over(spool, port)
    return started


def _start(port: int, timeout: float) -> None:
    log_path = cache_root() / "daemon.log"
    with _log_file(log_path) as log:
        command = [sys.executable, "-m", "segue_bridge", "serve", "--port", str(port)]
        detached: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            detached = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **detached)
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() in (None, 0):
        if answers(port, timeout=0.2):
            return
        time.sleep(0.1)
    raise SegueError("no_daemon", f"the daemon did not start: see {log_path}, or run `segue serve` to watch it")


def _log_file(path: Path) -> IO[bytes]:
    try:
        private.make(path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        return open(os.open(path, flags, 0o600), "wb")
    except OSError:
        return open(os.devnull, "wb")
