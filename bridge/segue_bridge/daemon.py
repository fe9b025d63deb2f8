"""The daemon: OSC over UDP on 127.0.0.1 and through spool folders.

Six threads: one receives (receiver.py); this one checks and queues; one works (jobs.py), one renders previews
(auditions.py), one sends (outbox.py), one looks into the spool folders (spool.py).
"""

import logging
import os
import socket
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segue_bridge import (
    PROTOCOL,
    __version__,
    cached_analysis,
    client,
    log,
    meeting,
    osc,
    private,
    protocol,
    spool,
    tidy,
    users,
)
from segue_bridge.ending import ends_at_signals
from segue_bridge.errors import SegueError
from segue_bridge.jobs import Jobs
from segue_bridge.log_text import clean
from segue_bridge.outbox import Outbox, Peer
from segue_bridge.preview_worker import PreviewWorker
from segue_bridge.receiver import Receiver
from segue_bridge.result import Region
from segue_bridge.result_cache import Analyse, through_cache
from segue_bridge.serving import Serving

RECEIVE_BUFFER = 4 << 20  # bytes; the default one loses most of a burst of 2000 messages
OTHER_PORTS = range(49721, 49921)  # tried in turn where another user has the usual one: two of our daemons meet here
HOSTS = 256  # hosts with a spool whose UDP addresses are remembered

_log = logging.getLogger(__name__)


def serve(
    port: int = protocol.PORT,
    spool_folder: Path | None = None,
    analyse: Analyse | None = None,
) -> None:
    """Run the daemon until SIGTERM or SIGINT; where ours already runs on this port, it watches the spool too.

    `spool_folder` is made and watched instead of the default ones. Where another user has the port, another one is
    taken, which our hosts find in the meeting file.
    Raises SegueError "port_taken", "bad_port", "bad_spool", or "failed" where our folders are not our user's own.
    """
    log.start()
    folder = _made(spool_folder) if spool_folder else None
    sock = _listen_somewhere(port)
    if sock is None:
        if folder:
            client.hand_over(folder, port)
        watching = f" and watches {folder} too" if folder else ""
        print(f"segue: a daemon is already running on port {port}{watching}", file=sys.stderr)
        return
    tidy.up()
    facts = Serving()
    root = None if folder else spool.spool_root()
    daemon = Daemon(sock, through_cache(analyse or cached_analysis.from_heard), facts, root, port)
    with ends_at_signals(daemon.stop), tidy.private_files():
        if folder:
            daemon.spools.add(folder)
        print(f"segue {__version__} listens on {protocol.HOST}:{daemon.port}", file=sys.stderr, flush=True)
        if analyse is None:
            facts.start()
        daemon.run()


def _listen_somewhere(port: int) -> socket.socket | None:
    """A socket on the port, or where another user has it, on another port; None where our daemon runs."""
    try:
        return bind(port)
    except SegueError as fault:
        if fault.code == "port_taken" and client.answers(port):
            return None
        if fault.code != "port_taken" or users.is_ours(protocol.HOST, port):
            raise
    _log.warning("another user has port %d: another one is taken, which Segue's own hosts find", port)
    for other in (*OTHER_PORTS, 0):
        try:
            return bind(other)
        except SegueError:
            if client.answers(port):  # another of our daemons was faster
                return None
    raise AssertionError("port 0 can always be used")


def bind(port: int) -> socket.socket:
    """A UDP socket on 127.0.0.1. Raises SegueError "port_taken" or "bad_port"."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would else let two daemons share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.bind((protocol.HOST, port))
    except (OverflowError, PermissionError) as fault:
        sock.close()
        raise SegueError("bad_port", f"port {port} cannot be used ({fault}): give one from 1024 to 65535") from fault
    except OSError as fault:
        sock.close()
        sentence = f"port {port} is used by another program: close it, or run `segue serve --port` with another number"
        raise SegueError("port_taken", sentence) from fault
    return sock


class Daemon:
    """Answers every message that arrives on `sock` or in a spool; `spool_root`: every folder in it is a spool.

    What `facts` returns goes into the answer to /segue/status; `asked_port` is the one that hosts know it by.
    """

    def __init__(
        self,
        sock: socket.socket,
        analyse: Analyse,
        facts: Callable[[], Mapping[str, Any]] = dict,
        spool_root: Path | None = None,
        asked_port: int = 0,
    ) -> None:
        self.port: int = sock.getsockname()[1]
        self._asked_port = asked_port or self.port
        self._meeting = self._announced()
        self._receiver = Receiver(sock, self._meeting)
        self.spools = spool.Watch(self._read_spool_file, spool_root)
        self._socket = sock
        self._facts = facts
        self._started = time.monotonic()
        self._outbox = Outbox(sock)
        self._jobs = Jobs(analyse, self._outbox.send)
        self._auditions = PreviewWorker(self._jobs, self._outbox.send)
        self._spool_of: OrderedDict[Peer, Path] = OrderedDict()  # UDP address -> folder named in its hello
        self._answers: dict[str, Callable[..., None]] = {
            "/segue/token": self._token,
            "/segue/hello": self._hello,
            "/segue/analyze": self._analyze,
            "/segue/resend": lambda peer, job: self._jobs.resend(peer, job),
            "/segue/cancel": lambda peer, job: self._jobs.cancel(peer, job),
            "/segue/preview": self._auditions.preview,
            "/segue/verdict": self._auditions.verdict,
            "/segue/status": self._status,
        }

    def run(self) -> None:
        """Receive until `stop`."""
        self.spools.start()
        self._receiver.start()
        while arrived := self._receiver.next():
            self.receive(*arrived)
        meeting.withdraw(self._asked_port, self._meeting)
        self.spools.stop()  # first: hosts must not take a daemon for alive that the end of a signal's time has cut off
        self._receiver.close()
        self._jobs.stop()
        self._auditions.stop()
        self._outbox.close()
        self._socket.close()

    def stop(self) -> None:
        """Make `run` return; safe in a signal handler and in any thread."""
        self._receiver.stop()

    def _announced(self) -> meeting.Meeting:
        """The tokens, which hosts need where no kernel tells who they are."""
        try:
            return meeting.announce(self._asked_port, self.port)
        except OSError as fault:
            _log.warning("hosts that look into %s find no port there (%s)", clean(meeting.folder()), fault.strerror)
            return meeting.new(self.port)

    def receive(self, packet: bytes, sender: Peer) -> None:
        """Answer every message of a packet; whatever is wrong with it goes back as /segue/error."""
        try:
            messages = osc.parse(packet)
        except osc.BadPacket as fault:
            self._fault(self._spool_of.get(sender, sender), -1, "bad_packet", f"{fault}: send OSC 1.0 packets")
            return
        except Exception as fault:  # whatever python-osc stumbles over must not end the daemon
            _log.exception("a packet from %s failed", clean(sender))
            self._fault(
                sender, -1, "bad_packet", f"the packet cannot be read ({type(fault).__name__}): please report it"
            )
            return
        for message in messages:
            self._answer(message, sender)

    def _answer(self, message: osc.Message, sender: Peer) -> None:
        if message.address == "/segue/error":
            _log.warning("%s reports: %s", clean(sender), clean(message.values))  # an answer could go round for ever
            return
        peer = sender
        try:
            peer = self._route(message, sender)
            values = protocol.arguments(message)
            self._answers[message.address](peer, **values)
        except SegueError as fault:
            self._fault(peer, protocol.job_of(message), fault.code, str(fault))
        except Exception as fault:
            _log.exception("%s failed", clean(message.address))
            sentence = (
                f"{message.address} failed ({type(fault).__name__}: {fault}): please report it with the daemon's log"
            )
            self._fault(peer, protocol.job_of(message), "internal", sentence)

    def _route(self, message: osc.Message, sender: Peer) -> Peer:
        """Where answers go: to the spool the message names, else to that of its sender's hello, else to the sender."""
        folder = protocol.named_spool(message)
        if folder:
            try:
                self.spools.add(folder)
            except OSError as fault:
                raise SegueError("bad_spool", f"{folder} cannot be used as spool ({fault.strerror})") from fault
        if message.address == "/segue/hello":
            self._spool_of.pop(sender, None)
            if folder:
                self._spool_of[sender] = folder
            if len(self._spool_of) > HOSTS:
                self._spool_of.popitem(last=False)
        home: Peer = self._spool_of.get(sender, sender)
        return folder or home

    def _fault(self, peer: Peer, job: int, code: str, sentence: str) -> None:
        _log.warning("%s: %s: %s", clean(peer), code, clean(sentence))
        self._outbox.send(peer, [protocol.error(job, code, sentence)])

    def _read_spool_file(self, content: bytes, folder: Path) -> None:
        try:
            packets = osc.unframe(content)
            if not packets:
                raise osc.BadPacket(f"the file is empty or longer than {spool.FILE_LIMIT} bytes")
        except osc.BadPacket as fault:
            self._fault(folder, -1, "bad_packet", f"{fault}: put each packet behind its length (int32, big-endian)")
            return
        for packet in packets:
            self.receive(packet, folder)

    def _token(self, peer: Peer, token: str) -> None:
        """A host asks for the proof that this is its user's daemon; UDP alone needs one."""
        if not self._meeting.knows(token):
            raise SegueError("bad_token", f"this is not the token of this daemon: read {meeting.folder()} again")
        self._outbox.send(peer, [protocol.reply("/segue/token", self._meeting.proof)])

    def _hello(self, peer: Peer, **hello: Any) -> None:
        _log.info("%s %s says hello from %s", clean(hello["host"]), clean(hello["version"]), clean(peer))
        protocol.spool_folder(hello["spool"])
        if hello["protocol"] != PROTOCOL:
            sentence = (
                f"this daemon speaks protocol {PROTOCOL}, not {hello['protocol']}: run `segue install` for your DAW"
            )
            raise SegueError("wrong_protocol", sentence)
        self._outbox.send(peer, [protocol.reply("/segue/ready", PROTOCOL, __version__)])

    def _analyze(self, peer: Peer, job: int, path: str, start: float, length: float, options: str) -> None:
        region = Region(protocol.region_paths(path), start, length or None)
        self._jobs.submit(peer, job, region, protocol.options(options))

    def _status(self, peer: Peer) -> None:
        facts = {
            "version": __version__,
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "uptime": round(time.monotonic() - self._started, 1),
            "queue": self._jobs.alive(),
            **self._facts(),
        }
        self._outbox.send(peer, [protocol.status(facts)])


def _made(folder: Path) -> Path:
    folder = folder.absolute()
    try:
        private.make(folder, tighten=False)
    except OSError as fault:
        raise SegueError(
            "bad_spool", f"{folder} cannot be used ({fault.strerror}): give another spool folder"
        ) from fault
    return folder
