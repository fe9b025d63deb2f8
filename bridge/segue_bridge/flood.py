"""What the kernel does for the daemon's socket while strangers flood it (Linux).

A filter on the socket lets through what comes from ports that sockets of our own user are bound to, and drops the rest
on the strangers' own time. Without it the flood would fill the socket's buffer, and most of our own user's datagrams
would be lost. What comes through is looked at as ever.
"""

import ctypes
import logging
import socket
import struct
import sys
import time
from collections.abc import Collection

from segue_bridge.users import Address, Users

MANY = 100  # datagrams of strangers, or lost ones, between two looks; fewer are no flood
CALM = 20  # looks without a flood after which it is over
REST = 4  # times as much as it took this thread, the ports are not looked up again
PORTS = 250  # that the filter knows at most: it can jump no further

_ATTACH, _DETACH, _MEMORY = 26, 27, 55  # SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_MEMINFO
_COUNTERS = struct.Struct("=9I")  # of SO_MEMINFO; the last one counts what was dropped
_LOAD, _LOAD_HALF, _IF_EQUAL, _RETURN = 0x20, 0x28, 0x15, 0x06
_SENDER = 0x100000000 - 0x100000 + 12  # of the IP header: its source address
_LOOPBACK = 0x7F000001

_log = logging.getLogger(__name__)


class Dam:
    """Lets everything through until there is a flood."""

    def __init__(self, sock: socket.socket, users: Users) -> None:
        self._socket = sock
        self._users = users
        self._own = sock.getsockname()[1]
        self._calm = CALM
        self._ports: set[int] | None = None  # that may pass; None where all may
        self._next_look = 0.0
        self._dropped = 0

    def passes(self, sender: Address) -> bool:
        """Whether a datagram would pass now; what came before the dam stood is thrown away by this."""
        return self._ports is None or sender[1] in self._ports

    def look(self, strangers: int) -> None:
        """A tenth of a second is over, with so many datagrams of strangers."""
        if sys.platform != "linux":
            return
        try:
            (*_, dropped) = _COUNTERS.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _MEMORY, _COUNTERS.size))
            lost, self._dropped = (dropped - self._dropped) % (1 << 32), dropped
            self._calm = 0 if strangers + lost > MANY else self._calm + 1
            if self._calm >= CALM and self._ports is not None:
                self._socket.setsockopt(socket.SOL_SOCKET, _DETACH, 0)
                self._ports = None
            elif self._calm < CALM and time.monotonic() >= self._next_look:
                self._let_through_own()
        except OSError as fault:  # an old kernel: the flood is thrown away here, more slowly
            _log.debug("no filter: %s", fault)

    def _let_through_own(self) -> None:
        began = time.thread_time()
        ports = set(self._users.own_ports(self._own)[:PORTS])
        self._next_look = time.monotonic() + REST * (time.thread_time() - began)
        if ports == self._ports:
            return
        code = _program(ports)
        held = ctypes.create_string_buffer(code, len(code))
        where = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
        self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH, where)
        self._ports = ports


def _program(ports: Collection[int]) -> bytes:
    """In the kernel's filter language: code, jump where it holds, jump where it does not, number."""
    n = len(ports)
    lines = [
        (_LOAD, 0, 0, _SENDER),
        (_IF_EQUAL, 0, n + 1, _LOOPBACK),
        (_LOAD_HALF, 0, 0, 0),  # the sender's port
        *((_IF_EQUAL, n - i, 0, port) for i, port in enumerate(ports)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, 0xFFFFFFFF),
    ]
    return b"".join(struct.pack("@HBBI", *line) for line in lines)
