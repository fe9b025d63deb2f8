"""Whose UDP sockets are bound to an address of this machine: what the Linux kernel says.

It is asked by netlink (sock_diag), which takes 0.1 ms, also while another user holds thousands of sockets; where that
is locked away, /proc/net/udp says the same, slowly.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

Address = tuple[str, int]
"""IPv4 address and UDP port."""

_SOCK_DIAG, _BY_FAMILY, _ERROR, _DONE = 4, 20, 2, 3  # from linux/netlink.h and linux/sock_diag.h
_ASK_ONE, _ASK_ALL = 0x001, 0x301  # NLM_F_REQUEST, with NLM_F_DUMP
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_SOCKET = ">16x B3x HH 16s 16x 24x 4s"  # 84 bytes: after the head family, port, peer's port, host, ..., user
_ANY_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_PATIENCE = 1.0  # seconds
_LOOKS = 3  # into the tables: they are read in pages, and a socket is left out where others before it close meanwhile
_MAPPED = b"\0" * 10 + b"\xff\xff"  # an IPv4 address in IPv6


class Bound(NamedTuple):
    """One UDP socket: its user, the address and port it is bound to (4 or 16 bytes), the port it is connected to."""

    uid: int
    host: bytes
    port: int
    peer: int


class Users:
    """One connection to the kernel; for one thread at a time."""

    def __init__(self) -> None:
        self._count = 0
        self._kernel = _connected()
        if self._kernel and not self._finds_itself():  # a container may forbid it
            self._kernel.close()
            self._kernel = None

    def ours(self, address: Address, peer: Address) -> bool | None:
        """Whether the socket that talks to `peer` from `address` is our own user's; None where no kernel tells.

        False where none is bound there (any more), and where another user's is bound there beside ours.
        """
        if self._kernel is None and not _TABLES:
            return None
        # The one that would get an answer comes first: this alone sends most strangers away.
        if self._kernel and [bound.uid for bound in self._one(address, peer)] != [os.geteuid()]:
            return False
        at: set[int] = set()
        for _ in range(_LOOKS if self._kernel is None else 1):
            at = at or {bound.uid for bound in self._all(address[1]) if _covers(bound.host, address[0])}
        return at == {os.geteuid()}

    def own_ports(self, peer: int) -> list[int]:
        """Ports that sockets of our own user are bound to; those that are connected to port `peer` first."""
        ours = [bound for bound in self._all(0, os.geteuid()) if _covers(bound.host, "127.0.0.1")]
        return list(dict.fromkeys(bound.port for bound in sorted(ours, key=lambda bound: bound.peer != peer)))

    def close(self) -> None:
        """End the connection."""
        if self._kernel:
            self._kernel.close()

    def _finds_itself(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", 0))
            except OSError:  # other programs hold all ports
                return True
            return os.geteuid() in [bound.uid for bound in self._all(probe.getsockname()[1])]

    def _one(self, address: Address, peer: Address) -> list[Bound]:
        # Source and destination stand the other way round here than in the kernel's answer.
        ends = struct.pack("!HH", peer[1], address[1]) + _padded(peer[0]) + _padded(address[0])
        return self._ask(socket.AF_INET, _ASK_ONE, ends, _ANY_COOKIE)

    def _all(self, port: int, uid: int | None = None) -> list[Bound]:
        """Every socket on a port, 0 for any, and of a user; those of IPv6 too, as one of them can speak IPv4."""
        if self._kernel is None:
            return [bound for bound in _in_tables() if port in (0, bound.port) and uid in (None, bound.uid)]
        ends = struct.pack("!HH", port, 0) + b"\0" * 32
        return [
            bound
            for family in (socket.AF_INET, socket.AF_INET6)
            for bound in self._ask(family, _ASK_ALL, ends, (0, 0), uid)
        ]

    def _ask(
        self, family: int, flags: int, ends: bytes, cookie: tuple[int, int], uid: int | None = None
    ) -> list[Bound]:
        """The sockets that the kernel names; none where it does not answer: who is not known is not ours."""
        assert self._kernel
        self._count += 1
        question = struct.pack("=BBBxI", family, socket.IPPROTO_UDP, 0, 0xFFFFFFFF) + ends
        question += struct.pack("=III", 0, *cookie)
        found: list[Bound] = []
        try:
            self._kernel.send(_HEAD.pack(_HEAD.size + len(question), _BY_FAMILY, flags, self._count, 0) + question)
            while self._read(self._kernel.recv(1 << 16), found, uid) and flags == _ASK_ALL:
                pass
        except OSError:
            return []
        return found

    def _read(self, answer: bytes, found: list[Bound], uid: int | None) -> bool:
        """Take in a part of an answer; False where it was the last."""
        at = 0
        while at + _HEAD.size <= len(answer):
            size, kind, _, number, _ = _HEAD.unpack_from(answer, at)
            if size < _HEAD.size or (number == self._count and kind in (_DONE, _ERROR)):
                return False
            # Another user may hold thousands of sockets: the rows before the last one are alike, and read in C.
            rows = max(1, (len(answer) - at) // size - 1)
            if answer[at : at + rows * size : size] != answer[at : at + 1] * rows:
                rows = 1
            if number == self._count and kind == _BY_FAMILY:
                found += _sockets(answer[at : at + rows * size], size, uid)
            at += max(_HEAD.size, rows * ((size + 3) & ~3))
        return True


def _sockets(answer: bytes, size: int, uid: int | None) -> Iterator[Bound]:
    """The sockets of a user, or of all, in rows of that size."""
    wanted = None if uid is None else uid.to_bytes(4, sys.byteorder)
    for family, port, peer, host, owner in struct.Struct(f"{_SOCKET}{size - 84}x").iter_unpack(answer):
        if wanted in (None, owner):
            short = family == socket.AF_INET
            yield Bound(int.from_bytes(owner, sys.byteorder), host[:4] if short else host, port, peer)


def is_ours(host: str, port: int) -> bool | None:
    """`Users.ours` of the socket that listens there, for one question."""
    kernel = Users()
    try:
        return kernel.ours((host, port), (host, 0))
    finally:
        kernel.close()


def _connected() -> socket.socket | None:
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
        kernel.settimeout(_PATIENCE)
        return kernel
    return None


def _padded(host: str) -> bytes:
    return socket.inet_aton(host) + b"\0" * 12


def _covers(local: bytes, host: str) -> bool:
    """Whether a socket bound to this address can send from that host."""
    wanted = socket.inet_aton(host)
    return local in (wanted, b"\0" * 4, _MAPPED + wanted, b"\0" * 16)


_TABLES = [path for path in (Path("/proc/net/udp"), Path("/proc/net/udp6")) if path.exists()]


def _in_tables() -> Iterator[Bound]:
    """All sockets, from the kernel's tables as text."""
    for table in _TABLES:
        with suppress(OSError), table.open() as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                host, port = fields[1].split(":")
                # Words of 32 bits, each in the order of this machine.
                words = (int(host[at : at + 8], 16) for at in range(0, len(host), 8))
                address = b"".join(struct.pack("=I", word) for word in words)
                yield Bound(int(fields[7]), address, int(port, 16), int(fields[2].split(":")[1], 16))
