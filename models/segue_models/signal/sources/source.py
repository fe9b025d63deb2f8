"""A recording as runs of samples, each of which one decoder reads from any of its samples on."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from segue_models.signal.audio_errors import Cancelled
from segue_models.signal.audio_files import Stamp
from segue_models.signal.sources.stderr import without_libmpg123

Samples = NDArray[Any]
Stop = Callable[[], bool]

STEP_SAMPLES = 1 << 19  # decoded at once, all channels together: some 25 ms even of Ogg, so that a cancel is heard


class Stream(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read on from where it is: else soundfile seeks after each read, which libFLAC fails at damages."""

    def seekable(self) -> bool:
        """Not by soundfile itself."""
        return False


class Run(Protocol):
    """`frames` samples that are decoded by one decoder."""

    @property
    def frames(self) -> int:
        """Samples of each channel."""

    def open(self, first: int, count: int) -> tuple[Stream, int]:
        """A decoder that is about to give sample `first`, or so many samples before it, and `count` from there."""

    def sound(self, first: int) -> tuple[int, int]:
        """Between which samples from `first` on no damage is known."""

    def leave_out(self, damaged: int) -> bool:
        """Note that a sample cannot be decoded; False where nothing is to be had behind it."""


@dataclass(frozen=True)
class Source:
    """One file: rate in Hz, channels, its runs in order, and what a user should know of it.

    layer3: whether libmpg123 reads it, and its remarks must be kept from stderr; decoded: whether it is a copy on disk;
    stamp: of the file that was opened.
    """

    rate_hz: int
    channels: int
    runs: tuple[Run, ...]
    warnings: tuple[str, ...] = ()
    layer3: bool = False
    decoded: bool = False
    stamp: Stamp | None = None

    @property
    def frames(self) -> int:
        """Samples of each channel."""
        return sum(run.frames for run in self.runs)

    @property
    def subtype(self) -> str:
        """How its samples are coded, in soundfile's words. Raises OSError, soundfile.LibsndfileError."""
        with self._quiet(), self.runs[0].open(0, 1)[0] as file:
            return str(file.subtype)

    def blocks(
        self, first: int, count: int, cancelled: Stop, damaged: list[int], dtype: str = "float32"
    ) -> Iterator[Samples]:
        """`count` samples from `first` on as blocks (n, channels), in order; dtype as soundfile takes it.

        They end early where the sound does. What is damaged is silence, and its first sample is added to `damaged`.
        Raises Cancelled, OSError, soundfile.LibsndfileError or RuntimeError.
        """
        begin = 0
        for run in self.runs:
            end = begin + run.frames
            start, stop = max(first, begin), min(first + count, end)
            if start < stop:
                yield from self._run_blocks(run, begin, start - begin, stop - begin, cancelled, damaged, dtype)
            begin = end

    def _run_blocks(
        self, run: Run, begin: int, at: int, stop: int, cancelled: Stop, damaged: list[int], dtype: str
    ) -> Iterator[Samples]:
        step = max(STEP_SAMPLES // self.channels, 1)
        while at < stop:
            sound, end = (min(place, stop) for place in run.sound(at))
            if sound > at:
                damaged.append(begin + at)
                for gap in range(at, sound, step):
                    yield np.zeros((min(step, sound - gap), self.channels), dtype)
                at = sound
                continue
            with self._quiet():
                file, skip = run.open(at, end - at)
            position, failed = at - skip, False
            with file:
                while position < end and not failed:
                    wanted = (at if position < at else end) - position
                    block, failed = self._read(file, min(step, wanted), cancelled, dtype)
                    if not len(block) and not failed:
                        return
                    if position >= at:
                        yield block
                    position += len(block)
                    at = max(at, position)
            if failed and not run.leave_out(position):
                return

    def _read(self, file: Stream, count: int, cancelled: Stop, dtype: str) -> tuple[Samples, bool]:
        """At most `count` samples, and whether the decoder fell over what comes after them."""
        if cancelled():
            raise Cancelled
        block = np.empty((count, self.channels), dtype)
        before = file.tell()
        with self._quiet():
            try:
                return file.read(count, dtype=dtype, always_2d=True, out=block), False
            except soundfile.LibsndfileError:
                return block[: max(file.tell() - before, 0)], True

    def _quiet(self) -> "nullcontext[None]":
        return without_libmpg123() if self.layer3 else nullcontext()  # type: ignore[return-value]


@dataclass(frozen=True)
class Whole:
    """A file that libsndfile reads and seeks exactly; `open_file` opens it."""

    frames: int
    open_file: Callable[[], Stream]

    def open(self, first: int, count: int) -> tuple[Stream, int]:
        """The file at sample `first`."""
        file = self.open_file()
        try:
            file.seek(first)
        except BaseException:
            file.close()
            raise
        return file, 0

    def sound(self, first: int) -> tuple[int, int]:
        """All of it is taken for sound."""
        return first, self.frames

    def leave_out(self, damaged: int) -> bool:
        """Nothing is known of what comes after a damage."""
        return False


def plain(path: Path) -> Callable[[], Stream]:
    """How a file is opened by its name."""
    return lambda: Stream(str(path))
