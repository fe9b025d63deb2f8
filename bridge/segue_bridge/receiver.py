"""Takes datagrams off the daemon's socket as fast as they come and keeps those of our own user.

Who sent one is asked of the kernel (users.py); where it tells nothing, the datagram must begin with the token of the
daemon's meeting file. Strangers are answered nothing. What they send costs 2 microseconds where the sender was looked
up a moment ago, 20 else; where it becomes a flood, the kernel throws it away (flood.py).
"""

import logging
import queue
import selectors
import socket
import threading
import time
from contextlib import suppress

from segue_bridge import protocol
from segue_bridge.flood import Dam
from segue_bridge.meeting import Meeting
from segue_bridge.users import Address, Users

DATAGRAM = 65535  # bytes; UDP itself ends at 65,507
WAITING = 4096  # datagrams that wait to be answered at most
WAITING_BYTES = 16 << 20
STRANGER = 0.5  # seconds a sender that was refused is not looked up again; its port may become one of ours
STRANGERS = 10_000  # that are remembered
LOOK = 0.1  # seconds between two looks for a flood
SAID = 60.0  # seconds between two lines of the log about strangers
ANSWERS = 20  # times a second that a missing token is answered

_DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)  # Windows has none: there, what is selected is there to be read

_log = logging.getLogger(__name__)


class Receiver:
    """The datagrams of our own user, in their order; what is too much is lost, as on the way."""

    def __init__(self, sock: socket.socket, meeting: Meeting) -> None:
        self._socket = sock
        self._meeting = meeting
        self._address: Address = sock.getsockname()
        self._users = Users()
        self._dam = Dam(sock, self._users)
        self._queue: queue.SimpleQueue[tuple[bytes, Address]] = queue.SimpleQueue()
        self._put = self._taken = 0  # bytes so far; each has one thread that writes it
        self._strangers: dict[Address, float] = {}  # until when
        self._refused, self._next_line, self._answers, self._second = 0, 0.0, 0, 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def next(self) -> tuple[bytes, Address] | None:
        """The next datagram and its sender; waits for it, and returns None after `stop`."""
        while not self._stopping.is_set():
            # A signal that another thread was given is looked at only when this one wakes up.
            with suppress(queue.Empty):
                packet, sender = self._queue.get(timeout=LOOK)
                self._taken += len(packet)
                return packet, sender
        return None

    def stop(self) -> None:
        """Make `next` return None; safe in a signal handler and in any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the end of the thread."""
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._users.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            refused, next_look = 0, 0.0
            while not self._stopping.is_set():
                if selector.select(LOOK):
                    self._drain()
                now = time.monotonic()
                if now >= next_look:
                    self._dam.look(self._refused - refused)
                    self._say_refused(now)
                    refused, next_look = self._refused, now + LOOK

    def _drain(self) -> None:
        for _ in range(256):
            try:
                packet, sender = self._socket.recvfrom(DATAGRAM, _DONTWAIT)
            except BlockingIOError:
                return
            except OSError as fault:  # Windows reports here that an earlier answer was refused
                _log.debug("receiving: %s", fault)
                return
            if self._is_ours(packet, sender):
                self._keep(packet, sender)
            else:
                self._refused += 1
            if not _DONTWAIT:
                return

    def _keep(self, packet: bytes, sender: Address) -> None:
        if self._queue.qsize() < WAITING and self._put - self._taken < WAITING_BYTES:
            self._put += len(packet)
            self._queue.put((packet, sender))

    def _is_ours(self, packet: bytes, sender: Address) -> bool:
        if not self._dam.passes(sender) or self._strangers.get(sender, 0.0) > time.monotonic():
            return False
        ours = self._users.ours(sender, self._address)
        if ours is None:
            ours = self._meeting.heads(packet)
            if not ours:
                self._ask_for_token(sender)
        elif not ours:
            if len(self._strangers) >= STRANGERS:
                self._strangers.clear()
            self._strangers[sender] = time.monotonic() + STRANGER
        return ours

    def _ask_for_token(self, sender: Address) -> None:
        """Answer, now and then and without waiting: it may be a host of ours, and nothing is told by it."""
        second = int(time.monotonic())
        self._answers, self._second = (self._answers if second == self._second else 0) + 1, second
        if self._answers <= ANSWERS:
            sentence = "the datagram does not begin with this daemon's token: see docs/protocol.md, or use a spool"
            with suppress(OSError):
                self._socket.sendto(protocol.error(-1, "bad_token", sentence), _DONTWAIT, sender)

    def _say_refused(self, now: float) -> None:
        if self._refused and now >= self._next_line:
            _log.warning("%d datagrams were refused: their senders are not, or no longer, of this user", self._refused)
            self._next_line, self._refused = now + SAID, 0
