"""A copy of the recording as WAV, with the cuts as cue points and their labels.

The sound and all other chunks of a WAV (RIFF, and RF64 or BW64 below 4 GB) are copied as they are, cue points of others
too; earlier ones of ours go. Other files are decoded to their own sample type where WAV has it, else (MP3, Ogg) to
32-bit float, which never clips.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from segue_bridge.errors import SegueError
from segue_bridge.marker_name import ascii_name, is_ours
from segue_bridge.result import Analysis
from segue_models.signal.audio_errors import AudioError

SUFFIX = ".wav"
BINARY = True
BLOCK = 1 << 18  # bytes, or frames, at a time
LARGEST = 0xFFFFFFFF  # bytes after the first eight; an id; a size that ds64 knows
FORMS = (b"RIFF", b"RF64", b"BW64")
# Where other chunks name cue points: bytes before the first id, and from each id to the next.
NAMING = {b"smpl": (36, 24), b"plst": (4, 12)}
# How soundfile reads a sample type, and its bytes in WAV.
SAMPLES = {
    "PCM_S8": ("int16", 2),
    "PCM_U8": ("int16", 2),
    "PCM_16": ("int16", 2),
    "PCM_24": ("int32", 3),
    "PCM_32": ("int32", 4),
    "DOUBLE": ("float64", 8),
}
PCM, FLOAT = 1, 3

Chunk = tuple[bytes, int, int]
"""Name, place of the content in the file, bytes of the content."""


def render(analysis: Analysis) -> bytes:
    """The whole file in memory; `blocks` needs little."""
    return b"".join(blocks(analysis))


def blocks(analysis: Analysis) -> Iterator[bytes]:
    """The file piece by piece. Raises SegueError where the recording cannot be read again or is over 4 GB as WAV."""
    from segue_models.signal.sources import chunks

    path = Path(analysis.audio.path)
    try:
        with path.open("rb") as file:
            start = file.read(12)
            is_wav = start[:4] in FORMS and start[8:] == b"WAVE" and chunks.is_right(path)
            yield from _copied(file, analysis) if is_wav else _decoded(path, analysis)
    except (OSError, AudioError) as fault:
        raise SegueError("unreadable", f"cannot read {path} to copy it: {fault}") from fault


def _copied(file: BinaryIO, analysis: Analysis) -> Iterator[bytes]:
    chunks = list(_chunks(file))
    old = [chunk for chunk in chunks if chunk[0] == b"cue " or _is_labels(file, chunk)]
    kept = [chunk for chunk in chunks if chunk not in old and chunk[0] != b"ds64"]
    named = {number for name, at, size in kept if name in NAMING for number in _named(name, _content(file, at, size))}
    marks = _marks(analysis, [(name, _content(file, at, size)) for name, at, size in old], named)
    yield _head(sum(8 + size + size % 2 for _, _, size in kept) + len(marks), analysis)
    for name, at, size in kept:
        yield name + struct.pack("<I", size)
        file.seek(at)
        for left in range(size, 0, -BLOCK):
            yield file.read(min(left, BLOCK))
        yield bytes(size % 2)
    yield marks


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a RIFF file, up to what is none; a last one is as long as what is there of it.

    Where a chunk of odd size has no byte behind it, as some programs have it, the next one begins at once.
    """
    end = file.seek(0, 2)
    at, long = 12, {}
    while at + 8 <= end:
        name, size = struct.unpack("<4sI", _content(file, at, 8))
        if not _is_name(name):
            return
        if name == b"ds64" and size >= 28:
            sizes = _content(file, at + 8, size)
            long[b"data"] = struct.unpack("<Q", sizes[8:16])[0]
            long |= dict(struct.iter_unpack("<4sQ", sizes[28 : 28 + (size - 28) // 12 * 12]))
        size = min(long.get(name, size) if size == LARGEST else size, end - at - 8)
        yield name, at + 8, size
        at += 8 + size
        if size % 2 and (_begins(_content(file, at + 1, 8), end - at) or not _begins(_content(file, at, 8), end - at)):
            at += 1


def _begins(head: bytes, left: int) -> bool:
    """Whether a chunk begins with these eight bytes, where so many are left."""
    return len(head) == 8 and _is_name(head[:4]) and struct.unpack("<4xI", head)[0] <= left


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= letter < 127 for letter in name)


def _named(name: bytes, content: bytes) -> Iterator[int]:
    """Ids of cue points in the chunk `name`."""
    first, step = NAMING[name]
    for at in range(first, len(content) - 3, step):
        yield int.from_bytes(content[at : at + 4], "little")


def _content(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _is_labels(file: BinaryIO, chunk: Chunk) -> bool:
    return chunk[0] == b"LIST" and _content(file, chunk[1], 4) == b"adtl"


def _decoded(path: Path, analysis: Analysis) -> Iterator[bytes]:
    from segue_models.signal import audio

    marks = _marks(analysis, [], set())
    rate_hz, channels, frames, coding = audio.coding(path)
    dtype, width = SAMPLES.get(coding, ("float32", 4))
    frame = channels * width
    tag = PCM if dtype.startswith("int") else FLOAT
    about = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, 8 * width)
    length, size = struct.pack("<I", min(frames, LARGEST)), frames * frame
    more = _chunk(b"fmt ", about + b"\0\0") + _chunk(b"fact", length)  # what WAV asks for where it is not PCM
    head = more if tag == FLOAT else _chunk(b"fmt ", about)
    yield _head(len(head) + 8 + size + size % 2 + len(marks), analysis)
    yield head + b"data" + struct.pack("<I", size)
    left = size
    for block in audio.stream(path, dtype=dtype):
        little = block.astype(block.dtype.newbyteorder("<"))
        content = little.reshape(-1, 1).view("u1")[:, little.itemsize - width :].tobytes()
        left -= len(content)
        yield content
    yield bytes(left + size % 2)  # what is damaged at the end is silence
    yield marks


def _head(size: int, analysis: Analysis) -> bytes:
    """The first twelve bytes, before chunks of `size` bytes in all; raises SegueError where WAV cannot count them."""
    if 4 + size > LARGEST:
        raise SegueError("bad_output", f"{analysis.audio.path} is over 4 GB as WAV: take another --format, such as rpp")
    return struct.pack("<4sI4s", b"RIFF", 4 + size, b"WAVE")


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _marks(analysis: Analysis, old: list[tuple[bytes, bytes]], named: set[int]) -> bytes:
    """The chunks `cue ` and LIST adtl: cue points of others as they were in `old`, then ours.

    named: ids that other chunks use.
    """
    points = [point for name, content in old if name == b"cue " for point in _points(content)]
    notes = [note for name, content in old if name == b"LIST" for note in _notes(content[4:])]
    ours = _ours(points, notes)
    points = [point for point in points if point[:4] not in ours]
    notes = [(name, content) for name, content in notes if content[:4] not in ours]
    taken = named | {int.from_bytes(p[:4], "little") for p in (*points, *(content for _, content in notes))}
    free = (number for number in count(1) if number not in taken)
    for number, cut in zip(free, analysis.cuts, strict=False):
        frame = round(cut.time * analysis.audio.sample_rate)
        points.append(struct.pack("<II4sIII", number, frame, b"data", 0, 0, frame))
        notes.append((b"labl", struct.pack("<I", number) + ascii_name(cut).encode() + b"\0"))
    if not points and not notes:
        return b""
    cues = _chunk(b"cue ", struct.pack("<I", len(points)) + b"".join(points))
    labels = _chunk(b"LIST", b"adtl" + b"".join(_chunk(name, content) for name, content in notes))
    return cues * bool(points) + labels * bool(notes)


def _ours(points: list[bytes], notes: list[tuple[bytes, bytes]]) -> set[bytes]:
    """Ids of the points that Segue made: each the only one of its id, with a label of ours and no other note."""
    uses = Counter(point[:4] for point in points)
    ours = {content[:4] for name, content in notes if name == b"labl" and _is_our_label(content)}
    others = {content[:4] for name, content in notes if name != b"labl" or not _is_our_label(content)}
    return {number for number in ours - others if uses[number] <= 1}


def _is_our_label(content: bytes) -> bool:
    """Whether Segue gave the name that ends, with a NUL, what a label says of an id."""
    return content.endswith(b"\0") and is_ours(content[4:-1].decode(errors="replace"))


def _points(cues: bytes) -> list[bytes]:
    """The cue points in a `cue ` chunk, 24 bytes each behind their count."""
    return [cues[at : at + 24] for at in range(4, len(cues) - 23, 24)]


def _notes(labels: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of what is in an adtl list; one of odd size may lack the byte behind it."""
    while len(labels) >= 8 and _is_name(labels[:4]):
        name, size = struct.unpack("<4sI", labels[:8])
        yield name, labels[8 : 8 + size]
        labels = labels[8 + size :]
        if size % 2 and (_begins(labels[1:9], len(labels)) or not _begins(labels[:8], len(labels))):
            labels = labels[1:]
