"""Ogg files: chains of streams of Vorbis, Opus or FLAC, whatever their granule positions say.

libsndfile reads the first stream of a chain, believes granule positions, and lands 448 or 896 samples off at one place
of a hundred. Here the packets themselves are counted, and the decoder gets pages that begin where it shall.
"""

from bisect import bisect_right
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import soundfile

from segue_models.signal.sources import flac, ogg_pages
from segue_models.signal.sources.ogg_packets import Opus, Vorbis
from segue_models.signal.sources.ogg_pages import CONTINUED, NOWHERE, Page, Pages
from segue_models.signal.sources.source import Run, Source, Stop, Stream
from segue_models.signal.sources.view import Part

KNOWN = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC")
OFF = 4096  # samples by which a granule position may be off: half a block
MOST_RUNS = 1000


def open_ogg(path: Path, cancelled: Stop) -> Source | None:
    """The sound of an Ogg file, None where there is none that is known. Raises OSError, Cancelled."""
    with path.open("rb") as file:
        pages = ogg_pages.read(file, path.stat().st_size, KNOWN, cancelled)
        runs: list[Run] = []
        warnings: list[str] = []
        rate_hz = channels = 0
        for stream in pages.streams:
            found = _runs(file, path, stream, cancelled)
            kind = found[0].kind if found else (rate_hz, channels)
            if runs and kind != (rate_hz, channels):
                at = sum(run.frames for run in runs) / rate_hz
                warnings.append(
                    f"goes on with {kind[1]} channels at {kind[0]} Hz at {at:.1f} s: it is used up to there, "
                    "convert it to WAV or FLAC to use all of it"
                )
                break
            (rate_hz, channels), runs = kind, [*runs, *found][:MOST_RUNS]
    if not runs:
        return None
    return Source(rate_hz, channels, tuple(runs), tuple(warnings + _faults(pages, runs, rate_hz)))


def _faults(pages: Pages, runs: list[Run], rate_hz: int) -> list[str]:
    if not pages.streams[-1].ended:
        seconds = sum(run.frames for run in runs) / rate_hz
        return [f"ends early or is damaged near {seconds:.1f} s: it is used up to there"]
    if pages.damaged or any(len(stream.stretches) > 1 for stream in pages.streams):
        return ["is damaged: what is lost is left out"]
    return []


def _runs(
    file: BinaryIO, path: Path, stream: ogg_pages.Stream, cancelled: Stop
) -> "list[_OggRun] | list[flac.FlacRun]":
    """What decodes a stream; nothing where its headers are damaged."""
    if stream.first.startswith(b"\x7fFLAC"):
        spans: list[Part] = [page.body for stretch in stream.stretches for page in stretch]
        begin, length = stream.stretches[0][0].body
        run = flac.open_run(path, [(begin + 9, length - 9), *spans[1:]], cancelled, len(stream.stretches) > 1)
        return [] if run is None else [run]
    try:
        head = _Head(file, stream)
        runs = [_OggRun(path, file, head, part, n > 0 or head.lost) for n, part in enumerate(head.stretches)]
    except (ValueError, soundfile.LibsndfileError):
        return []
    return [run for run in runs if run.frames > 0]


class _Head:
    """The pages of a stream's headers, and its stretches of sound; raises ValueError where headers are missing.

    lost: whether the first pages of the sound are missing.
    """

    def __init__(self, file: BinaryIO, stream: ogg_pages.Stream) -> None:
        packets: list[bytes] = []
        rest, used = b"", 0
        wanted = 2 if stream.first.startswith(b"OpusHead") else 3
        first, *others = stream.stretches
        for page in first:
            body = ogg_pages.file_bytes(file, *page.body)
            for start, size, ends in page.packets():
                rest += body[start : start + size]
                if ends:
                    packets.append(rest)
                    rest = b""
            used += 1
            if len(packets) >= wanted:
                break
        if len(packets) < wanted:
            raise ValueError("headers are missing")
        self.codec = Opus(packets[0]) if wanted == 2 else Vorbis(packets[0], packets[2])
        self.pages = first[:used]
        self.lost = used == len(first)
        self.stretches = [part for part in (first[used:], *others) if part]

    def bytes(self, file: BinaryIO) -> bytes:
        """The pages of the headers. Raises OSError."""
        return b"".join(ogg_pages.rewritten(file, page, 0, number) for number, page in enumerate(self.pages))


class _OggRun:
    """Pages with nothing missing between them. `dropped_in`: there is sound before them that is lost.

    Counts are in samples of the codec from the first packet on; ends: that after each page; starts: that of the first
    sample which a decoder gives that begins with the page. kind: rate in Hz and channels.
    """

    def __init__(self, path: Path, file: BinaryIO, head: _Head, pages: list[Page], dropped_in: bool) -> None:
        self._path, self._head, self._pages = path, head, pages
        self._dropped_in, self._trim, self._step = dropped_in, 0, 1
        self._ends, self._starts = _count(file, head, pages)
        self._trim, end = self._by_granules()
        with self.open(0, 1)[0] as first:
            self.kind = first.samplerate, first.channels
        if isinstance(head.codec, Opus):
            self._step = head.codec.rate_hz // self.kind[0]
        self.frames = max(end - self._trim - head.codec.skip, 0) // self._step

    def open(self, first: int, count: int) -> tuple[Stream, int]:
        """A decoder that begins with a page before sample `first`, and how many samples it gives before."""
        codec = self._head.codec
        target = first * self._step + codec.skip + self._trim
        at = max(bisect_right(self._starts, target - codec.skip - codec.settle) - 1, 0)
        begin = self._starts[at]
        until = bisect_right(self._ends, target + count * self._step) + 1
        with self._path.open("rb") as file:
            parts = [self._head.bytes(file)]
            for n, page in enumerate(self._pages[at:until]):
                granule = self._ends[at + n] - begin if _ends_one(page) else NOWHERE
                parts.append(ogg_pages.rewritten(file, page, granule, len(self._head.pages) + n))
        return Stream(BytesIO(b"".join(parts))), (target - codec.skip - begin) // self._step

    def sound(self, first: int) -> tuple[int, int]:
        """All of it is sound: what is damaged is no page."""
        return first, self.frames

    def leave_out(self, damaged: int) -> bool:
        """Nothing is known of what comes after a damage within a page."""
        return False

    def _by_granules(self) -> tuple[int, int]:
        """Counts between which the granule positions say there is sound; all of it where they are not to be believed.

        libvorbis writes some that are a fraction of a block off. The last says where the last block is to be cut off.
        """
        known = [(page.granule, end) for page, end in zip(self._pages, self._ends, strict=True) if _ends_one(page)]
        first, last = known[0] if known else (0, 0), known[-1] if known else (0, 0)
        offset = first[0] - first[1]
        offset = 0 if len(known) < 2 or 0 <= offset <= OFF else offset
        sane = all(abs(granule - end - offset) <= OFF for granule, end in known[:-1])
        before = known[-2][1] if len(known) > 1 else 0
        if not sane or offset < -OFF or not before < last[0] - offset <= last[1]:
            return 0, self._ends[-1]
        trims = offset < 0 and not self._dropped_in and isinstance(self._head.codec, Vorbis)
        return -offset if trims else 0, last[0] - offset


def _ends_one(page: Page) -> bool:
    """Whether a packet ends on a page."""
    return any(value < 255 for value in page.lacing)


def _count(file: BinaryIO, head: _Head, pages: list[Page]) -> tuple[list[int], list[int]]:
    """The counts after each page, and of the first sample of a decoder that begins with it."""
    codec, total = head.codec, 0
    before: bytes | None = None
    start, begun = b"", -1  # the first bytes of the packet at hand, and the page it begins on; -1 where that is lost
    rest = bool(pages[0].flags & CONTINUED)
    ends: list[int] = []
    starts: list[int] = []
    for number, page in enumerate(pages):
        body = ogg_pages.file_bytes(file, *page.body)
        for n, (at, _, done) in enumerate(page.packets()):
            if n or not page.flags & CONTINUED:
                start, begun, rest = body[at : at + 2], number, False
            if not done or rest or not codec.sound(start):
                continue
            earlier, total = total, total + codec.duration(start, before)
            before = start
            if len(starts) <= begun:
                starts += [total if codec.primes else earlier] * (begun + 1 - len(starts))
        ends.append(total)
    return ends, starts + [total] * (len(pages) - len(starts))
