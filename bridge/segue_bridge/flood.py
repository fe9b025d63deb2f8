"""What the kernel does for the daemon's socket while strangers flood it (Linux).

A filter on the socket lets through what comes from known addresses, and of everything else such a part that the daemon
keeps up. Without it the flood would fill the socket's buffer, and most of our own user's datagrams would be lost.
"""

import ctypes
import logging
import socket
import struct
import sys
from collections.abc import Iterable

from segue_bridge.users import Address

BUSY, CALM = 0.5, 0.2  # parts of the receiver's time: above the one less comes in, below the other more
MANY = 10  # datagrams of strangers between two looks; fewer are no flood, however busy the machine
LEAST = 1 / 4096  # part of the flood that comes in

_ATTACH, _DETACH = 26, 27  # SO_ATTACH_FILTER, SO_DETACH_FILTER
_LOAD, _LOAD_HALF, _IF_EQUAL, _IF_ABOVE, _RETURN = 0x20, 0x28, 0x15, 0x35, 0x06
_SENDER = 0x100000000 - 0x100000 + 12  # of the IP header: its source address
_RANDOM = 0x100000000 - 0x1000 + 56
_LOOPBACK = 0x7F000001

_log = logging.getLogger(__name__)


class Dam:
    """Lets all through, until it is told that the receiver drowns."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._part = 1.0
        self._known: list[Address] = []

    def adjust(self, busy: float, strangers: int, known: Iterable[Address]) -> None:
        """After each look: how busy the receiver was (0..1), with how many datagrams of strangers; who is known."""
        part = self._part
        if busy > BUSY and strangers > MANY:
            part = max(LEAST, part / 2)
        elif busy < CALM:
            part = min(1.0, 2 * part)
        wanted = [] if part == 1.0 else list(known)
        if sys.platform == "linux" and (part, wanted) != (self._part, self._known):
            self._set(part, wanted)

    def _set(self, part: float, known: list[Address]) -> None:
        try:
            if part == 1.0:
                self._socket.setsockopt(socket.SOL_SOCKET, _DETACH, 0)
            else:
                code = _program(part, [port for host, port in known if host == "127.0.0.1"])
                held = ctypes.create_string_buffer(code, len(code))
                where = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
                self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH, where)
        except OSError as fault:  # then the flood is thrown away here, more slowly
            _log.debug("no filter: %s", fault)
        self._part, self._known = part, known


def _program(part: float, ports: list[int]) -> bytes:
    """In the kernel's filter language: code, jump where it holds, jump where it does not, number."""
    n = len(ports)
    lines = [
        (_LOAD, 0, 0, _SENDER),
        (_IF_EQUAL, 0, n + 1, _LOOPBACK),
        (_LOAD_HALF, 0, 0, 0),  # the sender's port
        *((_IF_EQUAL, n + 1 - i, 0, port) for i, port in enumerate(ports)),
        (_LOAD, 0, 0, _RANDOM),
        (_IF_ABOVE, 1, 0, int(part * 0xFFFFFFFF)),
        (_RETURN, 0, 0, 0xFFFFFFFF),
        (_RETURN, 0, 0, 0),
    ]
    return b"".join(struct.pack("@HBBI", *line) for line in lines)
