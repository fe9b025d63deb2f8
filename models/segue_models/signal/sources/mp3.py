"""MPEG audio: its frames, found one by one, as neither the file's size nor its header tell how many there are.

libmpg123 believes the frame with the table of contents ("Info", "Xing"), or guesses from the first frame's bit rate,
and gives up at a damage of a kilobyte. So it gets a view without tags and damages, whose table tells what is there.
"""

import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import soundfile

from segue_models.signal.audio_errors import Cancelled
from segue_models.signal.sources.mpeg_frame import Head, Kind, read_head
from segue_models.signal.sources.source import Run, Source, Stop, Stream
from segue_models.signal.sources.stderr import without_libmpg123
from segue_models.signal.sources.view import Part, buffered

SIGN = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff](?=[\x10-\xef])")  # what a frame may begin with
SEARCHED = 16 << 20  # bytes in front of the first frame: a tag with pictures
IN_A_ROW = 3  # frames that follow each other are no chance, where anything may stand
WINDOW = 1 << 20
DELAY = 529  # samples by which the decoder is late
BORROWED = 40  # frames before the first that is wanted: the lowest rates borrow from 10
ROUND = (
    16  # frames after which libmpg123 adds up its samples in the same order again, so that they are equal to the bit
)
PRETENDED = 64  # times longer: the first frame's rate of bits may be 40 times that of the rest
CHECKED_EVERY = 4096  # frames between two looks whether to stop
MOST_STRETCHES = 1000
MOST_TAGS = 100


class _Stretch:
    """Frames that follow a table of contents, or nothing: their offsets, also as joined spans (offset, bytes)."""

    def __init__(self, head: Head, info: bytes = b"") -> None:
        self.head, self.info = head, info
        self.places = array("Q")
        self.spans: list[tuple[int, int]] = []

    def add(self, at: int, size: int) -> None:
        """One more frame."""
        if self.spans and sum(self.spans[-1]) == at:
            self.spans[-1] = (self.spans[-1][0], self.spans[-1][1] + size)
        else:
            self.spans.append((at, size))
        self.places.append(at)

    def size(self) -> int:
        """Bytes of all frames."""
        return sum(size for _, size in self.spans)

    def since(self, frame: int) -> list[tuple[int, int]]:
        """The spans from a frame on."""
        at = self.places[frame]
        index = bisect_right(self.spans, (at, 1 << 62)) - 1
        begin, size = self.spans[index]
        return [(at, begin + size - at), *self.spans[index + 1 :]]

    def promised(self) -> int | None:
        """How many frames its table of contents tells of."""
        at = self.head.side
        if self.info[at : at + 4] not in (b"Xing", b"Info") or not self.info[at + 7] & 1:
            return None
        return int.from_bytes(self.info[at + 8 : at + 12], "big")

    def table(self) -> bytes:
        """Its table of contents with the true number of frames, nothing where it has none."""
        promised = self.promised()
        if promised is None or promised == len(self.places):
            return b"" if promised is None else self.info
        info, lame = bytearray(self.info), self._lame()
        struct.pack_into(">I", info, self.head.side + 8, len(self.places))
        if lame + 24 <= len(info):  # the delay at the begin stays; the padding is not there, or no padding
            info[lame + 22 : lame + 24] = bytes([info[lame + 22] & 0xF0, 0])
        return bytes(info)

    def late(self) -> int:
        """Samples that libmpg123 takes from the begin: its own delay, and the encoder's."""
        lame = self._lame()
        if not self.promised() or lame + 24 > len(self.info):
            return 0
        return DELAY + (self.info[lame + 21] << 4 | self.info[lame + 22] >> 4)

    def _lame(self) -> int:
        """Where the encoder's part of the table begins."""
        flags = self.info[self.head.side + 7] if self.info else 0
        return self.head.side + 12 + 4 * bool(flags & 2) + 100 * bool(flags & 4) + 4 * bool(flags & 8)


class _Window:
    """Bytes `begin` to `end` of a file, read in large blocks."""

    def __init__(self, file: BinaryIO, begin: int, end: int) -> None:
        self._file, self.begin, self.end = file, begin, end
        self._at, self._block = 0, b""

    def bytes(self, at: int, count: int) -> bytes:
        """`count` bytes at `at`, fewer at the end."""
        count = max(min(count, self.end - at), 0)
        inside = at - self._at
        if inside < 0 or inside + count > len(self._block):
            self._file.seek(at)
            self._at, inside = at, 0
            self._block = self._file.read(max(WINDOW, count))
        return self._block[inside : inside + count]


def open_mp3(path: Path, begin: int, end: int, cancelled: Stop) -> Source | None:
    """The MPEG audio in these bytes of a file, None where there is none. Raises OSError, Cancelled."""
    with path.open("rb") as file:
        walk = _Walk(_Window(file, begin, end), cancelled)
    if not walk.stretches:
        return None
    runs: list[Run] = [run for stretch in walk.stretches if (run := _run(path, stretch)) is not None]
    if not runs:
        return None
    head = walk.stretches[0].head
    return Source(head.rate_hz, head.channels, tuple(runs), tuple(walk.warnings), layer3=True)


def after_tags(file: BinaryIO, length: int) -> int:
    """The offset behind the tags a file begins with. Raises OSError."""
    return _after_tags(_Window(file, 0, length), 0)


def is_frame(start: bytes) -> bool:
    """Whether these bytes could begin a frame."""
    return read_head(start[:4]) is not None


class _MpegRun:
    """A stretch, decoded from any of its frames; `frames` are samples. Raises LibsndfileError where it cannot be."""

    def __init__(self, path: Path, stretch: _Stretch) -> None:
        self._path, self._stretch = path, stretch
        self._table, self._late = stretch.table(), stretch.late()
        self.frames = len(stretch.places) * stretch.head.samples
        if self._table:
            with without_libmpg123(), self.open(0, 1)[0] as file:
                self.frames = min(file.frames, self.frames)

    def open(self, first: int, count: int) -> tuple[Stream, int]:
        """A decoder that begins some frames before sample `first`, as one borrows bits from those before it."""
        frame = ((first + self._late) // self._stretch.head.samples - BORROWED) // ROUND * ROUND
        if frame <= 0:
            return self._stream([self._table, *self._stretch.spans], bool(self._table)), first
        return self._stream(self._stretch.since(frame), False), first + self._late - frame * self._stretch.head.samples

    def sound(self, first: int) -> tuple[int, int]:
        """All of it is sound: what is damaged is no frame."""
        return first, self.frames

    def leave_out(self, damaged: int) -> bool:
        """What libmpg123 cannot decode it leaves out itself."""
        return False

    def _stream(self, parts: Sequence[Part], has_table: bool) -> Stream:
        if (
            not has_table
        ):  # libmpg123 guesses the length, and libsndfile gives no more than that: it must guess too long
            parts = [*parts, PRETENDED * self._stretch.size(), bytes(128)]  # where it looks for a tag
        return Stream(buffered(self._path, parts))


def _run(path: Path, stretch: _Stretch) -> _MpegRun | None:
    try:
        run = _MpegRun(path, stretch)
    except soundfile.LibsndfileError:
        return None
    return run if run.frames > 0 else None


class _Walk:
    """All frames of a recording, and what is wrong with it."""

    def __init__(self, window: _Window, cancelled: Stop) -> None:
        self.stretches: list[_Stretch] = []
        self.warnings: list[str] = []
        self._window, self._cancelled = window, cancelled
        at = _after_tags(window, window.begin)
        found = self._next(at, min(window.end, at + SEARCHED))
        if found is not None:
            self._frames(*found)
        self.stretches = [stretch for stretch in self.stretches if stretch.places]

    def _frames(self, at: int, kind: Kind) -> None:
        """Take frame after frame, over tags and damages, up to the end or a recording of another kind."""
        steps = 0
        while at < self._window.end:
            steps += 1
            if steps % CHECKED_EVERY == 0 and self._cancelled():
                raise Cancelled
            head = read_head(self._window.bytes(at, 4))
            if head is not None and head.kind == kind and at + head.size <= self._window.end:
                self._take(at, head)
                at += head.size
                continue
            after = _after_tags(self._window, at)
            if after == at:
                found = self._next(at, self._window.end)
                if found is None or found[1] != kind:
                    return self._end(at, head is not None and head.kind == kind, found)
                after = found[0]
                self._warn(f"is damaged near {self._seconds():.1f} s: what is lost there is left out")
            at = after
        return self._end(at, False, None)

    def _take(self, at: int, head: Head) -> None:
        tells = head.tells(self._window.bytes(at, min(head.size, 192)))
        if tells and len(self.stretches) < MOST_STRETCHES:
            self.stretches.append(_Stretch(head, self._window.bytes(at, head.size)))
        elif not tells:
            self.stretches = self.stretches or [_Stretch(head)]
            self.stretches[-1].add(at, head.size)

    def _end(self, at: int, cut: bool, other: tuple[int, Kind] | None) -> None:
        if other is not None:
            self._warn(
                f"goes on with other channels or another rate at {self._seconds():.1f} s: it is used up to there"
            )
        elif not self.warnings and (cut or self._short()):
            self._warn(f"ends early or is damaged near {self._seconds():.1f} s: it is used up to there")

    def _short(self) -> bool:
        """Whether a table of contents told of more frames than came."""
        last = self.stretches[-1] if self.stretches else None
        return last is not None and (last.promised() or 0) > len(last.places) + 1

    def _seconds(self) -> float:
        return sum(len(stretch.places) * stretch.head.samples / stretch.head.rate_hz for stretch in self.stretches)

    def _warn(self, text: str) -> None:
        if len(self.warnings) < 2:
            self.warnings.append(text)

    def _next(self, at: int, end: int) -> tuple[int, Kind] | None:
        """The next place where frames of one kind follow each other, or reach the end."""
        while at < end:
            if self._cancelled():
                raise Cancelled
            block = self._window.bytes(at, min(WINDOW // 4, end - at))
            for inside in map(re.Match.start, SIGN.finditer(block)):
                kind = self._in_a_row(at + inside)
                if kind is not None:
                    return at + inside, kind
            at += max(len(block) - 2, 1)
        return None

    def _in_a_row(self, at: int) -> Kind | None:
        kind, first = None, at
        for _ in range(IN_A_ROW):
            head = read_head(self._window.bytes(at, 4))
            if head is None or (kind is not None and head.kind != kind):
                return None
            kind = head.kind
            at += head.size
            if at >= self._window.end:
                return kind if at == self._window.end and first > self._window.begin else None
        return kind


def _after_tags(window: _Window, at: int) -> int:
    """The offset behind the tags that begin at `at`, which is that offset where none does."""
    for _ in range(MOST_TAGS):
        start = window.bytes(at, 32)
        if start[:3] == b"ID3" and len(start) >= 10 and all(byte < 128 for byte in start[6:10]):
            size = 10 + sum(byte << shift for byte, shift in zip(start[6:10], (21, 14, 7, 0), strict=True))
            at += size + (10 if start[5] & 0x10 else 0)
        elif start[:3] == b"TAG" and _stands_between(window.bytes(at + 128, 4)):
            at += 128
        elif start[:8] == b"APETAGEX" and len(start) == 32:
            at += max(int.from_bytes(start[12:16], "little") + (32 if start[23] & 0x20 else 0), 32)
        else:
            break
    return min(at, window.end)


def _stands_between(after: bytes) -> bool:
    return len(after) < 4 or after[:3] in (b"ID3", b"TAG") or after == b"APET" or read_head(after) is not None
