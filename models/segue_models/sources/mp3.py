"""MPEG audio: its frames, found one by one, as neither the file's size nor its header tell how many there are.

libmpg123 believes the frame with the table of contents ("Info", "Xing"), or guesses from the first frame's bit rate,
and gives up at a damage of a kilobyte. So it gets a view without tags and damages, whose table tells what is there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import soundfile

from segue_models.audio_errors import Cancelled
from segue_models.sources.source import Run, Source, Stop, Stream, Whole
from segue_models.sources.stderr import without_libmpg123
from segue_models.sources.view import Part, buffered

KBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
SEARCHED = 16 << 20  # bytes in front of the first frame: a tag with pictures
IN_A_ROW = 3  # frames that follow each other are no chance, where anything may stand
WINDOW = 1 << 20
PRETENDED = 64  # times longer: the first frame's rate of bits may be 40 times that of the rest
CHECKED_EVERY = 4096  # frames between two looks whether to stop
MOST_STRETCHES = 1000


@dataclass(frozen=True)
class Head:
    """What four bytes say: `kind` is that of all frames of a recording; size in bytes, samples of each channel.

    side: bytes from the frame's begin to where a table of contents would stand.
    """

    kind: tuple[int, int, int, bool]
    rate_hz: int
    channels: int
    samples: int
    size: int
    side: int


class _Stretch:
    """Frames that follow a table of contents, or nothing, as joined spans (offset, bytes)."""

    def __init__(self, head: Head, info: bytes = b"") -> None:
        self.head, self.info = head, info
        self.spans: list[tuple[int, int]] = []
        self.count = 0

    def add(self, at: int, size: int) -> None:
        """One more frame."""
        if self.spans and sum(self.spans[-1]) == at:
            self.spans[-1] = (self.spans[-1][0], self.spans[-1][1] + size)
        else:
            self.spans.append((at, size))
        self.count += 1

    def promised(self) -> int | None:
        """How many frames its table of contents tells of."""
        at = self.head.side
        if self.info[at : at + 4] not in (b"Xing", b"Info") or not self.info[at + 7] & 1:
            return None
        return int.from_bytes(self.info[at + 8 : at + 12], "big")

    def table(self) -> bytes:
        """Its table of contents with the true number of frames, nothing where it has none."""
        at, promised = self.head.side, self.promised()
        if promised is None or promised == self.count:
            return b"" if promised is None else self.info
        info = bytearray(self.info)
        struct.pack_into(">I", info, at + 8, self.count)
        flags = info[at + 7]
        lame = at + 12 + 4 * bool(flags & 2) + 100 * bool(flags & 4) + 4 * bool(flags & 8)
        if lame + 24 <= len(info):  # the delay at the begin stays; the padding is not there, or no padding
            info[lame + 22 : lame + 24] = bytes([info[lame + 22] & 0xF0, 0])
        return bytes(info)


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
    return _head(start[:4]) is not None


def _run(path: Path, stretch: _Stretch) -> Whole | None:
    table = stretch.table()
    parts: list[Part] = [table, *stretch.spans]
    if not table:  # libmpg123 guesses the length, and libsndfile gives no more than that: it must guess too long
        parts += [PRETENDED * sum(size for _, size in stretch.spans), bytes(128)]  # where it looks for a tag

    def open_file() -> Stream:
        return Stream(buffered(path, parts))

    try:
        with without_libmpg123(), open_file() as file:
            frames = file.frames if table else min(file.frames, stretch.count * stretch.head.samples)
    except soundfile.LibsndfileError:
        return None
    return Whole(frames, open_file) if frames > 0 else None


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
        self.stretches = [stretch for stretch in self.stretches if stretch.count]

    def _frames(self, at: int, kind: tuple[int, int, int, bool]) -> None:
        """Take frame after frame, over tags and damages, up to the end or a recording of another kind."""
        steps = 0
        while at < self._window.end:
            steps += 1
            if steps % CHECKED_EVERY == 0 and self._cancelled():
                raise Cancelled
            head = _head(self._window.bytes(at, 4))
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
        tells = _tells(self._window.bytes(at, min(head.size, head.side + 4)), head)
        if tells and len(self.stretches) < MOST_STRETCHES:
            self.stretches.append(_Stretch(head, self._window.bytes(at, head.size)))
        elif not tells:
            self.stretches = self.stretches or [_Stretch(head)]
            self.stretches[-1].add(at, head.size)

    def _end(self, at: int, cut: bool, other: tuple[int, tuple[int, int, int, bool]] | None) -> None:
        if other is not None:
            self._warn(
                f"goes on with other channels or another rate at {self._seconds():.1f} s: it is used up to there"
            )
        elif not self.warnings and (cut or self._short()):
            self._warn(f"ends early or is damaged near {self._seconds():.1f} s: it is used up to there")

    def _short(self) -> bool:
        """Whether a table of contents told of more frames than came."""
        last = self.stretches[-1] if self.stretches else None
        return last is not None and (last.promised() or 0) > last.count + 1

    def _seconds(self) -> float:
        return sum(stretch.count * stretch.head.samples / stretch.head.rate_hz for stretch in self.stretches)

    def _warn(self, text: str) -> None:
        if len(self.warnings) < 2:
            self.warnings.append(text)

    def _next(self, at: int, end: int) -> tuple[int, tuple[int, int, int, bool]] | None:
        """The next place where frames of one kind follow each other, or reach the end."""
        while at < end:
            if self._cancelled():
                raise Cancelled
            block = self._window.bytes(at, min(WINDOW // 4, end - at))
            for inside in _signs(block):
                kind = self._in_a_row(at + inside)
                if kind is not None:
                    return at + inside, kind
            at += max(len(block), 1)
        return None

    def _in_a_row(self, at: int) -> tuple[int, int, int, bool] | None:
        kind, first = None, at
        for _ in range(IN_A_ROW):
            head = _head(self._window.bytes(at, 4))
            if head is None or (kind is not None and head.kind != kind):
                return None
            kind = head.kind
            at += head.size
            if at >= self._window.end:
                return kind if at == self._window.end and first > self._window.begin else None
        return kind


def _signs(block: bytes) -> Iterator[int]:
    """Where a frame might begin."""
    at = block.find(b"\xff")
    while at >= 0:
        if at + 1 == len(block) or block[at + 1] & 0xE0 == 0xE0:
            yield at
        at = block.find(b"\xff", at + 1)


def _head(raw: bytes) -> Head | None:
    """A frame's header; None for what is none, or has no rate of bits of its own."""
    if len(raw) < 4 or raw[0] != 0xFF or raw[1] & 0xE0 != 0xE0:
        return None
    version, layer, rate = raw[1] >> 3 & 3, 4 - (raw[1] >> 1 & 3), raw[2] >> 2 & 3
    bits, padding, mono = raw[2] >> 4, raw[2] >> 1 & 1, raw[3] >> 6 == 3
    if version == 1 or layer == 4 or rate == 3 or bits in (0, 15):
        return None
    rate_hz, kbits = RATES[version][rate], KBITS[version == 3, layer][bits]
    if layer == 1:
        samples, size = 384, (12000 * kbits // rate_hz + padding) * 4
    else:
        samples = 576 if layer == 3 and version != 3 else 1152
        size = samples * 125 * kbits // rate_hz + padding
    side = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    return Head((version, layer, rate, mono), rate_hz, 1 if mono else 2, samples, size, side)


def _tells(frame: bytes, head: Head) -> bool:
    return head.kind[1] == 3 and (frame[head.side :] in (b"Xing", b"Info") or frame[36:40] == b"VBRI")


def _after_tags(window: _Window, at: int) -> int:
    """The offset behind the tags that begin at `at`, which is that offset where none does."""
    while True:
        start = window.bytes(at, 32)
        if start[:3] == b"ID3" and len(start) >= 10 and all(byte < 128 for byte in start[6:10]):
            size = 10 + sum(byte << shift for byte, shift in zip(start[6:10], (21, 14, 7, 0), strict=True))
            at += size + (10 if start[5] & 0x10 else 0)
        elif start[:3] == b"TAG" and _stands_between(window.bytes(at + 128, 4)):
            at += 128
        elif start[:8] == b"APETAGEX":
            at += int.from_bytes(start[12:16], "little") + (32 if start[20:24] and start[23] & 0x20 else 0)
        else:
            return min(at, window.end)


def _stands_between(after: bytes) -> bool:
    return len(after) < 4 or after[:3] in (b"ID3", b"TAG") or after == b"APET" or _head(after) is not None
