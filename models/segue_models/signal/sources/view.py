"""A file as its decoder should see it: parts of another file, and bytes of our own between them."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

Part = bytes | tuple[int, int] | int  # bytes; offset and length in the file; or so many bytes that cannot be read

BLOCK = 1 << 16
FARTHEST = 1 << 62  # no file is as long


class View(io.RawIOBase):
    """A readable, seekable file made of `parts`, one after the other.

    A file that is cut shorter meanwhile ends there: a decoder that calls back must
    never see an exception.
    """

    def __init__(self, path: Path, parts: Sequence[Part]) -> None:
        self._file: BinaryIO = path.open("rb")
        self._parts = parts
        lengths = [len(p) if isinstance(p, bytes) else p if isinstance(p, int) else p[1] for p in parts]
        self._starts = [0, *accumulate(lengths)]
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, also beyond the end, as in any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = min(max(base + offset, 0), FARTHEST)
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """As many bytes as one part has for `buffer`, 0 at the end."""
        index = bisect_right(self._starts, self._at) - 1
        part = self._parts[index] if index < len(self._parts) else 0
        if isinstance(part, int):
            return 0
        inside = self._at - self._starts[index]
        count = min(len(buffer), self._starts[index + 1] - self._at)
        if isinstance(part, bytes):
            data = part[inside : inside + count]
        else:
            try:
                self._file.seek(part[0] + inside)
                data = self._file.read(count)
            except OSError:
                data = b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()


class Buffered(io.BufferedReader):
    """Reads in large blocks, and raises nothing for a place that no file has: libsndfile asks for any."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, or stay."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OSError, OverflowError):
            return super().tell()


def buffered(path: Path, parts: Sequence[Part]) -> Buffered:
    """A view that is read in large blocks. Raises OSError."""
    return Buffered(View(path, [part for part in parts if part]), BLOCK)
