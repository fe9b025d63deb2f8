"""FLAC: how many samples there are by its last frame, and where it goes on after a damage."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO

import soundfile

from segue_models.signal.audio_errors import Cancelled
from segue_models.signal.sources.source import Source, Stop, Stream
from segue_models.signal.sources.view import Part, buffered

TAIL = 1 << 20  # bytes at the end in which the last frame is looked for; the longest has some 800 kB
MOST_DAMAGES = 200
MOST_FRAMES = 1_000_000  # that are remembered of a damaged file
MOST_BLOCKS = 10_000  # of metadata
_SIGN = re.compile(rb"\xff[\xf8\xf9]")


@dataclass(frozen=True)
class Frame:
    """Offset in the file, number of its first sample, and samples."""

    at: int
    start: int
    count: int


def open_flac(path: Path, begin: int, length: int, cancelled: Stop) -> Source | None:
    """The FLAC from byte `begin` of a file of `length` bytes, None where it is none. Raises OSError, Cancelled."""
    run = open_run(path, [(begin, length - begin)], cancelled)
    return None if run is None else Source(*run.kind, (run,), run.warnings)


def open_run(path: Path, parts: Sequence[Part], cancelled: Stop, gaps: bool = False) -> "FlacRun | None":
    """The same of parts of a file, `gaps` where frames may be missing between them. Raises OSError, Cancelled."""
    with buffered(path, parts) as file:
        head = _head(file)
        if head is None:
            return None
        run = FlacRun(path, parts, *head, file, cancelled)
        if gaps:
            run.leave_out_gaps(file)
    return run if run.frames > 0 else None


class FlacRun:
    """A FLAC stream in parts of a file. kind: rate in Hz and channels."""

    def __init__(
        self, path: Path, parts: Sequence[Part], head: bytes, begin: int, file: BinaryIO, cancelled: Stop
    ) -> None:
        self._path, self._parts, self._begin = path, parts, begin
        self._cut: list[tuple[Frame, Frame]] = []  # the first damaged frame, and the first that is not
        self._frames: list[Frame] | None = None
        self._block, packed = int.from_bytes(head[8:10], "big"), int.from_bytes(head[18:26], "big")
        self.kind = packed >> 44, (packed >> 41 & 7) + 1
        self._info = head
        promised = packed & (1 << 36) - 1
        self._length = file.seek(0, 2)
        self._packed = packed - promised
        self.frames, whole = self._end(file, cancelled)
        self._right = self.frames == promised and len(parts) == 1 and parts[0][0] == 0  # type: ignore[index]
        seconds = self.frames / max(self.kind[0], 1)
        early = not whole or promised > self.frames
        self.warnings = (f"ends early or is damaged near {seconds:.1f} s: it is used up to there",) if early else ()

    def open(self, first: int, count: int) -> tuple[Stream, int]:
        """The stream at sample `first`, or before it where libFLAC cannot find that one for a damage."""
        file = self._file()
        try:
            try:
                file.seek(first)
                return file, 0
            except soundfile.LibsndfileError:
                file.close()
                file = self._file()
                before = max((good.start for _, good in self._cut if good.start <= first), default=0)
                file.seek(before)
                return file, first - before
        except BaseException:
            file.close()
            raise

    def sound(self, first: int) -> tuple[int, int]:
        """Between which samples from `first` on there is no frame known to be damaged."""
        end = self.frames
        for bad, good in sorted(self._cut, key=lambda cut: cut[0].start):
            if bad.start > first:
                end = bad.start
                break
            first = max(first, good.start)
        return first, end

    def leave_out(self, damaged: int) -> bool:
        """Take the frame of a sample out of the stream, with all that is none up to the next."""
        if self._frames is None:
            with buffered(self._path, self._parts) as file:
                self._frames = list(islice(self._found(file, self._begin, lambda: False), MOST_FRAMES))
        end = Frame(self._length, self.frames, 0)
        good = next((frame for frame in self._frames if frame.start > damaged), end)
        bad = [frame for frame in self._frames if frame.start <= damaged]
        if len(self._cut) >= MOST_DAMAGES:
            return False
        self._cut.append((bad[-1] if bad else Frame(self._begin, 0, 0), good))
        return True

    def leave_out_gaps(self, file: BinaryIO) -> None:
        """Note where frames do not follow each other: libFLAC plays silence there, but cannot seek into it."""
        found = self._frames = list(islice(self._found(file, self._begin, lambda: False), MOST_FRAMES))
        for frame, after in pairwise(found):
            if frame.start + frame.count < after.start and len(self._cut) < MOST_DAMAGES:
                self._cut.append((Frame(after.at, frame.start + frame.count, 0), after))

    def _file(self) -> Stream:
        return Stream(str(self._path) if self._right and not self._cut else self._view())

    def _view(self) -> BinaryIO:
        """The stream with the true number of samples, without its damaged frames."""
        total = (self._packed + self.frames).to_bytes(8, "big")
        parts: list[Part] = [self._info[:18] + total + self._info[26:]]
        at = self._begin
        for begin, end in [*sorted((bad.at, good.at) for bad, good in self._cut), (self._length, self._length)]:
            parts += _slice(self._parts, at, max(begin, at))
            at = max(at, end)
        return buffered(self._path, parts)

    def _end(self, file: BinaryIO, cancelled: Stop) -> tuple[int, bool]:
        """The number of samples by the last frame, and whether that one is whole."""
        begin = max(self._begin, self._length - TAIL)
        found = list(self._found(file, begin, cancelled)) or list(
            islice(self._found(file, self._begin, cancelled), MOST_FRAMES)
        )
        follows = {frame.start + frame.count for frame in found}
        while len(found) > 1 and found[-1].start not in follows:
            found.pop()
        if not found:
            return 0, False
        last = found[-1]
        whole = self._whole(file, last.at) or self._decodes(last)
        return last.start + last.count * whole, whole

    def _found(self, file: BinaryIO, begin: int, cancelled: Stop) -> Iterator[Frame]:
        """The headers of frames from an offset on that fit this stream."""
        at, carried = begin, b""
        while True:
            if cancelled():
                raise Cancelled
            file.seek(at + len(carried))
            block = carried + file.read(TAIL)
            last = len(block) == len(carried)
            for sign in _SIGN.finditer(block, 0, len(block) if last else len(block) - 16):
                frame = self._frame(block[sign.start() : sign.start() + 16], at + sign.start())
                if frame is not None:
                    yield frame
            if last:
                return
            carried = block[-16:]
            at += len(block) - len(carried)

    def _frame(self, raw: bytes, at: int) -> Frame | None:
        if len(raw) < 6 or raw[3] & 1:
            return None
        size, rate, channels = raw[2] >> 4, raw[2] & 15, raw[3] >> 4
        number, used = _number(raw[4:])
        used += 4
        extra = {6: 1, 7: 2}.get(size, 0)
        end = used + extra + {12: 1, 13: 2, 14: 2}.get(rate, 0)
        if number is None or not size or rate == 15 or channels > 10 or end >= len(raw) or _crc8(raw[:end]) != raw[end]:
            return None
        if (2 if channels > 7 else channels + 1) != self.kind[1]:
            return None
        sizes = {1: 192, **{n: 576 << n - 2 for n in range(2, 6)}, **{n: 256 << n - 8 for n in range(8, 16)}}
        count = int.from_bytes(raw[used : used + extra], "big") + 1 if extra else sizes[size]
        return Frame(at, number if raw[1] & 1 else number * self._block, count)

    def _decodes(self, last: Frame) -> bool:
        """Whether the last frame can be decoded, with something that is none behind it."""
        self.frames = last.start + last.count
        try:
            with Stream(self._view()) as file:
                file.seek(last.start)
                return len(file.read(last.count, dtype="float32")) == last.count
        except (soundfile.LibsndfileError, RuntimeError):
            return False

    def _whole(self, file: BinaryIO, at: int) -> bool:
        file.seek(at)
        rest = file.read(TAIL)
        if rest[-128:-125] == b"TAG":
            rest = rest[:-128]
        return len(rest) > 8 and _crc16(rest[:-2]) == int.from_bytes(rest[-2:], "big")


def _head(file: BinaryIO) -> tuple[bytes, int] | None:
    """The mark and the first block of metadata, as the only one, and the offset of the first frame."""
    head = file.read(42)
    if len(head) < 42 or head[:4] != b"fLaC" or head[4] & 0x7F or head[5:8] != b"\0\0\x22":
        return None
    at, last = 42, bool(head[4] & 0x80)
    for _ in range(MOST_BLOCKS):
        if last:
            break
        file.seek(at)
        block = file.read(4)
        if len(block) < 4:
            return None
        at, last = at + 4 + int.from_bytes(block[1:], "big"), bool(block[0] & 0x80)
    return head[:4] + b"\x80" + head[5:], at


def _slice(parts: Sequence[Part], begin: int, end: int) -> list[Part]:
    """The parts of bytes `begin` to `end` of a view of spans."""
    found: list[Part] = []
    at = 0
    for part in parts:
        assert isinstance(part, tuple)
        first, last = max(begin, at), min(end, at + part[1])
        if first < last:
            found.append((part[0] + first - at, last - first))
        at += part[1]
    return found


def _number(raw: bytes) -> tuple[int | None, int]:
    """A number coded as in UTF-8, and its bytes."""
    first = raw[0]
    if first < 0x80:
        return first, 1
    count = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= count <= 7 or any(byte & 0xC0 != 0x80 for byte in raw[1:count]) or len(raw) < count:
        return None, 1
    number = first & (0x7F >> count)
    for byte in raw[1:count]:
        number = number << 6 | byte & 0x3F
    return number, count


def _remainders(bits: int, polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> bits - 1 & 1 else 0)) & (1 << bits) - 1
        table.append(value)
    return tuple(table)


_TABLE8, _TABLE16 = _remainders(8, 0x07), _remainders(16, 0x8005)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _TABLE8[value ^ byte]
    return value


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _TABLE16[value >> 8 ^ byte]
    return value
