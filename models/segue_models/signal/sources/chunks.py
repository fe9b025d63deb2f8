"""WAV, RF64, W64, AIFF and CAF: where the samples really begin and end, whatever the sizes in the header say."""

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from segue_models.signal.sources.view import Part

OPEN_END = 0x7FFFF000  # a size from here on is that of a writer that did not know it yet
TAIL = 1 << 20  # bytes at the end in which chunks behind the samples are looked for
LITTLE, LITTLE_OFF = 4096, 16  # bytes behind the samples that are no sound; by which a size may be off
MOST_CHUNKS, MOST_TRIED = 2000, 100  # that are looked at; places at which some are looked for
W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"


@dataclass(frozen=True)
class Layout:
    """How a container writes its chunks: first byte of the first, bytes of id and size, padding, order of bytes."""

    first: int
    id_bytes: int
    size: str
    pad: int
    counts_header: bool
    samples: bytes  # id of the chunk of samples
    before: int  # bytes in it before the samples

    @property
    def header(self) -> int:
        """Bytes of id and size."""
        return self.id_bytes + struct.calcsize(self.size)


RIFF = Layout(12, 4, "<I", 2, False, b"data", 0)
RIFX = Layout(12, 4, ">I", 2, False, b"data", 0)
AIFF = Layout(12, 4, ">I", 2, False, b"SSND", 8)
CAF = Layout(8, 4, ">Q", 1, False, b"data", 4)
W64 = Layout(40, 16, "<Q", 8, True, b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", 0)


@dataclass(frozen=True)
class Sound:
    """begin, end: bytes of the samples in the file; promised: their number by the header, None where it is open.

    chunks: (id, offset of the body, its size) of what stands before them.
    """

    layout: Layout
    begin: int
    end: int
    promised: int | None
    chunks: tuple[tuple[bytes, int, int], ...]


def find(path: Path) -> Sound | None:
    """The samples in a file of chunks, None where it is none, or has no samples. Raises OSError."""
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        layout = _layout(file.read(24))
        if layout is None:
            return None
        chunks: list[tuple[bytes, int, int]] = []
        for name, at, size in _walk(file, layout, layout.first, length):
            if name == layout.samples:
                return _sound(file, layout, chunks, at, size, length)
            chunks.append((name, at, size))
    return None


def is_right(path: Path) -> bool:
    """Whether no more sound is found than the header tells of. Raises OSError."""
    sound = find(path)
    return sound is None or (sound.promised is not None and sound.promised >= sound.end - sound.begin)


def rewrapped(path: Path, sound: Sound) -> list[Part]:
    """The same recording behind a header whose sizes are right, and nothing after it. Raises OSError."""
    layout, length = sound.layout, sound.end - sound.begin
    kept = {b"fmt ": b"fmt ", W64_FMT: b"fmt ", b"fact": b"fact"} if layout in (RIFF, W64) else None
    head = b""
    with path.open("rb") as file:
        start = file.read(layout.first)
        for name, at, size in sound.chunks:
            if kept is not None and name not in kept:
                continue
            file.seek(at)
            body = file.read(min(size, TAIL))
            name = name if kept is None else kept[name]
            if name == b"COMM":
                body = body[:2] + struct.pack(">I", _frames(body, length)) + body[6:]
            size_of, pad = (RIFF.size, RIFF.pad) if kept is not None else (layout.size, layout.pad)
            head += name + struct.pack(size_of, len(body)) + body + bytes(-len(body) % pad)
    if kept is not None:  # as RF64, whose sizes have 64 bits
        sizes = struct.pack("<QQQI", length + len(head) + 60, length, 0, 0)
        head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<I", len(sizes)) + sizes + head + b"data\xff\xff\xff\xff"
        return [head, (sound.begin, length)]
    size = min(length + layout.before, 2 ** (8 * struct.calcsize(layout.size)) - 1)
    head += layout.samples + struct.pack(layout.size, size) + bytes(layout.before)
    if layout is not CAF:
        start = start[:4] + struct.pack(layout.size, min(len(start) - 8 + len(head) + length, 0xFFFFFFFF)) + start[8:]
    return [start, head, (sound.begin, length)]


W64_FMT = b"fmt " + W64.samples[4:]


def _layout(start: bytes) -> Layout | None:
    if start[8:12] == b"WAVE":
        return {b"RIFF": RIFF, b"RF64": RIFF, b"BW64": RIFF, b"RIFX": RIFX}.get(start[:4])
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if start[:4] == b"caff":
        return CAF
    return W64 if start[:16] == W64_RIFF else None


def _walk(file: BinaryIO, layout: Layout, at: int, length: int) -> Iterator[tuple[bytes, int, int]]:
    """(id, offset of the body, size by the header) of each chunk from `at` on."""
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(layout.header)
        if len(head) < layout.header:
            return
        (size,) = struct.unpack(layout.size, head[layout.id_bytes :])
        size = max(size - layout.header, 0) if layout.counts_header else size
        yield head[: layout.id_bytes], at + layout.header, size
        at += layout.header + size + -size % layout.pad
        if at > length:
            return


def _sound(
    file: BinaryIO, layout: Layout, chunks: list[tuple[bytes, int, int]], at: int, size: int, length: int
) -> Sound:
    size = next((_number(file, body + 8, "<Q") for name, body, _ in chunks if name == b"ds64"), size)
    begin = at + layout.before
    if layout is AIFF and size and (skipped := _number(file, at, ">I")) < size - layout.before:
        begin += skipped
    begin = min(begin, length)
    promised = size - (begin - at)
    limit = 2**63 if struct.calcsize(layout.size) == 8 or size > 2**32 else OPEN_END
    if promised <= 0 or size >= limit:
        return Sound(layout, begin, _tail(file, layout, begin, length), None, tuple(chunks))
    if at + size >= length:
        return Sound(layout, begin, length, promised, tuple(chunks))
    if _ends_here(file, layout, at + size + -size % layout.pad, length):
        return Sound(layout, begin, at + size, promised, tuple(chunks))
    return Sound(layout, begin, _tail(file, layout, begin + promised, length), promised, tuple(chunks))


def _number(file: BinaryIO, at: int, size: str) -> int:
    file.seek(at)
    raw = file.read(struct.calcsize(size))
    return int(struct.unpack(size, raw)[0]) if len(raw) == struct.calcsize(size) else 0


def _ends_here(file: BinaryIO, layout: Layout, at: int, length: int) -> bool:
    """Whether what follows the samples is none: chunks up to the end, a tag, zeros, or a little of anything.

    A little is taken for sound where the size of the whole file says that it belongs to it.
    """
    if length - at < layout.header:
        return True
    file.seek(at)
    rest = file.read(min(length - at, TAIL))
    if rest[:3] in (b"ID3", b"TAG") or rest[:8] == b"APETAGEX" or not rest.strip(b"\0"):
        return True
    if length - at <= LITTLE and not _outer(file, layout) > at + LITTLE_OFF:
        return True
    return _chain(file, layout, at, length)


def _outer(file: BinaryIO, layout: Layout) -> int:
    """Where the file ends by its own first size; 0 where it has none, or none that is known."""
    if layout is CAF:
        return 0
    if layout is W64:
        return _number(file, 16, "<Q")
    size = _number(file, 4, layout.size)
    return size + 8 if size < OPEN_END else 0


def _chain(file: BinaryIO, layout: Layout, at: int, length: int) -> bool:
    """Whether chunks with names one can read follow each other from `at` to the end of the file, but for a little."""
    end = at
    for name, body, size in _walk(file, layout, at, length):
        if not all(32 <= byte < 127 for byte in name[:4]) or body + size > length:
            break
        end = body + size
    return end > at and length - end <= LITTLE


def _tail(file: BinaryIO, layout: Layout, begin: int, length: int) -> int:
    """Where the samples end that reach as far as chunks that end with the file, or to the end."""
    start = max(begin, length - TAIL)
    file.seek(start)
    rest = file.read(length - start)
    for name in (b"LIST", b"cue ", b"bext", b"smpl", b"id3 ", b"ID3 ", b"iXML", b"_PMX", b"MARK", b"COMT", b"info"):
        for found in islice(re.finditer(re.escape(name), rest), MOST_TRIED):
            if _chain(file, layout, start + found.start(), length):
                return start + found.start()
    return length


def _frames(comm: bytes, length: int) -> int:
    """Frames of an AIFF whose samples take `length` bytes; what its header says where they are compressed."""
    channels, frames, bits = struct.unpack(">hIh", comm[:8])
    if comm[18:22] not in (
        b"",
        b"NONE",
        b"twos",
        b"sowt",
        b"raw ",
        b"fl32",
        b"FL32",
        b"fl64",
        b"FL64",
        b"in24",
        b"in32",
    ):
        return int(frames)
    return int(min(length // max(channels * ((bits + 7) // 8), 1), 0xFFFFFFFF))
