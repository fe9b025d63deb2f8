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

Address = tuple[str, int]
"""IPv4 address and UDP port."""

_SOCK_DIAG, _BY_FAMILY, _ERROR, _DONE = 4, 20, 2, 3  # from linux/netlink.h and linux/sock_diag.h
_ASK_ONE, _ASK_ALL = 0x001, 0x301  # NLM_F_REQUEST, with NLM_F_DUMP
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ANY_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_PATIENCE = 1.0  # seconds
_MAPPED = b"\0" * 10 + b"\xff\xff"  # an IPv4 address in IPv6


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
        if self._kernel is None:
            found = list(_in_tables(address))
        else:
            try:
                # The one that would get an answer first: this alone sends most strangers away.
                found = [uid for uid, local in self._one(address, peer)]
                if found == [os.geteuid()]:
                    found = [uid for uid, local in self._all(address[1]) if _covers(local, address[0])]
            except OSError:  # no answer: who is not known is not ours
                found = []
        return bool(found) and set(found) == {os.geteuid()}

    def close(self) -> None:
        """End the connection."""
        if self._kernel:
            self._kernel.close()

    def _finds_itself(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", 0))
            return os.geteuid() in [uid for uid, _ in self._all(probe.getsockname()[1])]
        return False

    def _one(self, address: Address, peer: Address) -> Iterator[tuple[int, bytes]]:
        # Source and destination stand the other way round here than in the kernel's answer.
        ends = struct.pack("!HH", peer[1], address[1]) + _padded(peer[0]) + _padded(address[0])
        yield from self._ask(socket.AF_INET, _ASK_ONE, ends, _ANY_COOKIE)

    def _all(self, port: int) -> Iterator[tuple[int, bytes]]:
        """Those of IPv6 too: one of them can speak IPv4."""
        for family in (socket.AF_INET, socket.AF_INET6):
            yield from self._ask(family, _ASK_ALL, struct.pack("!HH", port, 0) + b"\0" * 32, (0, 0))

    def _ask(self, family: int, flags: int, ends: bytes, cookie: tuple[int, int]) -> Iterator[tuple[int, bytes]]:
        """User and local address of each socket the kernel names. Raises OSError where it does not answer."""
        assert self._kernel
        self._count += 1
        question = struct.pack("=BBBxI", family, socket.IPPROTO_UDP, 0, 0xFFFFFFFF) + ends
        question += struct.pack("=III", 0, *cookie)
        self._kernel.send(_HEAD.pack(_HEAD.size + len(question), _BY_FAMILY, flags, self._count, 0) + question)
        while True:
            answer = self._kernel.recv(1 << 16)
            at = 0
            while at + _HEAD.size <= len(answer):
                size, kind, _, number, _ = _HEAD.unpack_from(answer, at)
                if number == self._count and kind in (_DONE, _ERROR):
                    return
                if number == self._count and kind == _BY_FAMILY:
                    (uid,) = struct.unpack_from("=I", answer, at + _HEAD.size + 64)
                    local = answer[at + _HEAD.size + 8 :][:16]
                    yield uid, local if answer[at + _HEAD.size] == socket.AF_INET6 else local[:4]
                    if flags == _ASK_ONE:
                        return
                at += max(_HEAD.size, (size + 3) & ~3)


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


def _in_tables(address: Address) -> Iterator[int]:
    """Users of the sockets at an address, from the kernel's tables as text."""
    port = f":{address[1]:04X}"
    for table in _TABLES:
        with suppress(OSError), table.open() as lines:
            for line in lines:
                if port not in line:
                    continue
                fields = line.split()
                # Words of 32 bits, each in the order of this machine.
                local = b"".join(struct.pack("=I", int(word, 16)) for word in _words(fields[1].partition(":")[0]))
                if fields[1].endswith(port) and _covers(local, address[0]):
                    yield int(fields[7])


def _words(text: str) -> Iterator[str]:
    return (text[at : at + 8] for at in range(0, len(text), 8))
