"""Sends every answer from one thread: paced bundles over UDP, or one file in a spool folder.

Neither the receiving nor the working thread ever waits for a socket or a disk. Hosts take turns, and what waits for
one is limited: a host that is gone, or never reads, hurts nobody.
"""

import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from segue_bridge import osc, spool
from segue_bridge.turns import Turns

# A host reads its socket about 30 times a second, and its default buffer (212,992 bytes) holds some 25 full bundles.
PACE = 0.002  # seconds between two bundles of one answer
OVERHEAD = 100  # bytes that a waiting message takes beside its own
PER_HOST, OVER_ALL = 16 << 20, 128 << 20  # bytes that wait; an answer that finds no room is dropped: hosts ask again
LYING = 4_000  # files in a spool that nobody reads

Peer = tuple[str, int] | Path  # where a host is reached: its UDP address, or its spool folder

_log = logging.getLogger(__name__)


class Outbox:
    """Answers on their way out, those of one host in the order in which they were given."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._waiting: Turns[tuple[Peer, Sequence[bytes]]] = Turns(PER_HOST, OVER_ALL)
        self._numbers = itertools.count()
        self._lying: dict[Path, tuple[int, float]] = {}  # files in a folder, and when they were counted
        self._full: set[Peer] = set()  # hosts whose answers are being dropped, so that it is logged once
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def send(self, peer: Peer, messages: Sequence[bytes]) -> None:
        """Queue the messages of one answer; returns at once."""
        size = sum(len(message) + OVERHEAD for message in messages)
        if self._waiting.put(peer, next(self._numbers), (peer, messages), size):
            self._full.discard(peer)
        elif peer not in self._full and len(self._full) < 1000:
            self._full.add(peer)
            _log.warning("%s takes its answers too slowly: some are dropped", peer)

    def close(self, timeout: float = 0.5) -> None:
        """Send what is queued, for at most `timeout` seconds."""
        self._waiting.close()
        self._thread.join(timeout)

    def _run(self) -> None:
        while (item := self._waiting.take()) is not None:
            peer, messages = item
            try:
                if isinstance(peer, Path):
                    self._write(peer / "to_host", messages)
                else:
                    self._send(peer, messages)
            except Exception as fault:
                _log.warning("%s is gone, its answer is dropped: %s", peer, fault)

    def _write(self, folder: Path, messages: Sequence[bytes]) -> None:
        """One file in a spool. Raises OSError too where its host lets too many lie, which is counted every second."""
        count, counted = self._lying.get(folder, (0, -1.0))
        if time.monotonic() - counted > 1.0:
            count, counted = len(os.listdir(folder)), time.monotonic()
        if count >= LYING:
            raise OSError(f"{count} answers lie there unread")
        self._lying[folder] = count + 1, counted
        spool.write(folder, messages)

    def _send(self, address: tuple[str, int], messages: Sequence[bytes]) -> None:
        for number, datagram in enumerate(osc.bundles(messages)):
            if number:
                time.sleep(PACE)
            # A refusal here belongs to an earlier datagram and maybe to another host: try once more.
            with suppress(ConnectionError):
                self._socket.sendto(datagram, address)
                continue
            self._socket.sendto(datagram, address)
