"""Sends every answer from one thread: paced bundles over UDP, or one file in a spool folder.

Neither the receiving nor the working thread ever waits for a socket or a disk, and a host that is gone hurts nobody.
"""

import logging
import queue
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from segue_bridge import osc, spool

# A host reads its socket about 30 times a second, and its default buffer (212,992 bytes) holds some 25 full bundles.
PACE = 0.002  # seconds between two bundles of one answer

Peer = tuple[str, int] | Path  # where a host is reached: its UDP address, or its spool folder

_log = logging.getLogger(__name__)


class Outbox:
    """Answers on their way out, in the order in which they were given."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._queue: queue.SimpleQueue[tuple[Peer, Sequence[bytes]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def send(self, peer: Peer, messages: Sequence[bytes]) -> None:
        """Queue the messages of one answer; returns at once."""
        self._queue.put((peer, messages))

    def close(self, timeout: float = 2.0) -> None:
        """Send what is queued, for at most `timeout` seconds."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            peer, messages = item
            try:
                if isinstance(peer, Path):
                    spool.write(peer / "to_host", messages)
                else:
                    self._send(peer, messages)
            except Exception as fault:
                _log.warning("%s is gone, its answer is dropped: %s", peer, fault)

    def _send(self, address: tuple[str, int], messages: Sequence[bytes]) -> None:
        for number, datagram in enumerate(osc.bundles(messages)):
            if number:
                time.sleep(PACE)
            # A refusal here belongs to an earlier datagram and maybe to another host: try once more.
            with suppress(ConnectionError):
                self._socket.sendto(datagram, address)
                continue
            self._socket.sendto(datagram, address)
