"""Ogg: its pages, checked, as logical streams one after the other, each cut where something is missing."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from segue_models.signal.audio_errors import Cancelled
from segue_models.signal.sources.source import Stop

HEADER = struct.Struct("<4sBBqIIIB")
CONTINUED, BEGIN, END = 1, 2, 4
LARGEST = HEADER.size + 255 + 255 * 255
NOWHERE = -1  # the granule position of a page on which no packet ends
CHECKED_EVERY = 256  # pages between two looks whether to stop
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Page:
    """One page of a file: offset and bytes; flags, granule position, stream, number and lacing values of its header."""

    at: int
    size: int
    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes

    @property
    def body(self) -> tuple[int, int]:
        """Offset in the file and bytes of what the page carries."""
        carried = sum(self.lacing)
        return self.at + self.size - carried, carried

    def packets(self) -> list[tuple[int, int, bool]]:
        """(offset in the body, bytes, whether it ends here) of each packet, also of the rest of an earlier one."""
        found, start, at = [], 0, 0
        for value in self.lacing:
            at += value
            if value < 255:
                found.append((start, at - start, True))
                start = at
        return found + ([(start, at - start, False)] if self.lacing[-1:] == b"\xff" else [])


@dataclass
class Stream:
    """One logical stream: the pages of its headers' begin, and then stretches of pages with nothing missing between.

    first: the body of its first page.
    """

    first: bytes
    stretches: list[list[Page]] = field(default_factory=list)
    ended: bool = False


@dataclass(frozen=True)
class Pages:
    """streams: in order; damaged: whether bytes between pages are none; cut: whether the last page is not whole."""

    streams: list[Stream]
    damaged: bool
    cut: bool


def read(file: BinaryIO, length: int, known: tuple[bytes, ...], cancelled: Stop) -> Pages:
    """The streams of a file of `length` bytes whose first packet begins with one of `known`. Raises OSError, Cancelled.

    Of streams that begin together, as sound and picture do, the first known one is taken.
    """
    streams: list[Stream] = []
    serial, number, at, steps = -1, -1, 0, 0
    beginning = damaged = cut = False
    while at < length:
        steps += 1
        if steps % CHECKED_EVERY == 0 and cancelled():
            raise Cancelled
        page = _page(file, at)
        if page is None:
            found = _next(file, at + 1, length, cancelled)
            damaged, cut = damaged or (bool(streams) and found < length), cut or found >= length
            at = found
            continue
        at += page.size
        if page.flags & BEGIN:
            if beginning and serial >= 0:
                continue
            body = file_bytes(file, *page.body)
            beginning, serial = True, page.serial if body.startswith(known) else -1
            if serial >= 0:
                streams.append(Stream(body, [[page]]))
                number = page.number
            continue
        beginning = False
        if page.serial != serial:
            continue
        stream, cut = streams[-1], False
        if page.number != (number + 1) & 0xFFFFFFFF:
            stream.stretches.append([])
        number = page.number
        stream.stretches[-1].append(page)
        stream.ended = stream.ended or bool(page.flags & END)
    return Pages(streams, damaged, cut)


def rewritten(file: BinaryIO, page: Page, granule: int, number: int) -> bytes:
    """The page with another granule position and number, and no mark of the end. Raises OSError."""
    body = file_bytes(file, page.at + HEADER.size, page.size - HEADER.size)
    head = HEADER.pack(b"OggS", 0, page.flags & ~END, granule, page.serial, number, 0, len(page.lacing))
    return head[:22] + struct.pack("<I", checksum(head + body)) + head[26:] + body


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 of a page whose own is 0: that of zlib with all bits reversed, and none inverted."""
    register = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(register.to_bytes(4, "little").translate(_REVERSED), "big")


def file_bytes(file: BinaryIO, at: int, count: int) -> bytes:
    """`count` bytes at an offset, fewer at the end. Raises OSError."""
    file.seek(at)
    return file.read(count)


def _page(file: BinaryIO, at: int) -> Page | None:
    """The page that begins at an offset, None where none does or its bytes are not what was written."""
    start = file_bytes(file, at, HEADER.size)
    if len(start) < HEADER.size or start[:4] != b"OggS":
        return None
    _, version, flags, granule, serial, number, crc, segments = HEADER.unpack(start)
    if version:
        return None
    lacing = file.read(segments)
    body = file.read(sum(lacing))
    size = HEADER.size + len(lacing) + len(body)
    if len(lacing) < segments or len(body) < sum(lacing):
        return None
    if checksum(start[:22] + bytes(4) + start[26:] + lacing + body) != crc:
        return None
    return Page(at, size, flags, granule, serial, number, lacing)


def _next(file: BinaryIO, at: int, length: int, cancelled: Stop) -> int:
    """Offset of the next whole page, the file's length where there is none."""
    while at < length:
        if cancelled():
            raise Cancelled
        block = file_bytes(file, at, LARGEST)
        found = block.find(b"OggS")
        while found >= 0:
            if _page(file, at + found) is not None:
                return at + found
            found = block.find(b"OggS", found + 1)
        at += max(len(block) - 3, 1)
    return length
