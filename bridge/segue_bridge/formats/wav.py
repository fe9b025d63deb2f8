"""A copy of the recording as WAV, with the cuts as cue points and their labels.

The sound and all other chunks of a WAV are copied as they are, cue points of others too; earlier ones of ours go.
Other files are decoded to their own sample type where WAV has it, else (MP3, Ogg) to 32-bit float, which never clips.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from segue_bridge.errors import SegueError
from segue_bridge.formats._names import ascii_name
from segue_bridge.result import Analysis

SUFFIX = ".wav"
BINARY = True
BLOCK = 1 << 18  # bytes, or frames, at a time
LARGEST = 0xFFFFFFFF  # bytes after the first eight
OURS = re.compile(rb"[<>] (exit|entry) \d\.\d\d - .*bar -?\d+\0")
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
    path = Path(analysis.audio.path)
    try:
        with path.open("rb") as file:
            start = file.read(12)
            is_wav = start[:4] == b"RIFF" and start[8:] == b"WAVE"
            yield from _copied(file, analysis) if is_wav else _decoded(path, analysis)
    except (OSError, RuntimeError) as fault:
        raise SegueError("unreadable", f"cannot read {path} to copy it: {fault}") from fault


def _copied(file: BinaryIO, analysis: Analysis) -> Iterator[bytes]:
    chunks = list(_chunks(file))
    old = [chunk for chunk in chunks if chunk[0] == b"cue " or _is_labels(file, chunk)]
    marks = _marks(analysis, [(name, _content(file, at, size)) for name, at, size in old])
    kept = [chunk for chunk in chunks if chunk not in old]
    yield _head(sum(8 + size + size % 2 for _, _, size in kept) + len(marks), analysis)
    for name, at, size in kept:
        yield name + struct.pack("<I", size)
        file.seek(at)
        for left in range(size, 0, -BLOCK):
            yield file.read(min(left, BLOCK))
        yield bytes(size % 2)
    yield marks


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a RIFF file, up to what is none; a last one is as long as what is there of it."""
    end = file.seek(0, 2)
    at = 12
    while at + 8 <= end:
        name, size = struct.unpack("<4sI", _content(file, at, 8))
        if not all(32 <= letter < 127 for letter in name):
            return
        size = min(size, end - at - 8)
        yield name, at + 8, size
        at += 8 + size + size % 2


def _content(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _is_labels(file: BinaryIO, chunk: Chunk) -> bool:
    return chunk[0] == b"LIST" and _content(file, chunk[1], 4) == b"adtl"


def _decoded(path: Path, analysis: Analysis) -> Iterator[bytes]:
    import soundfile

    marks = _marks(analysis, [])
    with soundfile.SoundFile(path) as sound:
        dtype, width = SAMPLES.get(sound.subtype, ("float32", 4))
        frame = sound.channels * width
        tag = PCM if dtype.startswith("int") else FLOAT
        about = struct.pack(
            "<HHIIHH", tag, sound.channels, sound.samplerate, sound.samplerate * frame, frame, 8 * width
        )
        length = struct.pack("<I", sound.frames)
        size = sound.frames * frame
        more = _chunk(b"fmt ", about + b"\0\0") + _chunk(b"fact", length)  # what WAV asks for where it is not PCM
        head = more if tag == FLOAT else _chunk(b"fmt ", about)
        yield _head(len(head) + 8 + size + size % 2 + len(marks), analysis)
        yield head + b"data" + struct.pack("<I", size)
        left = size
        while left and len(block := sound.read(BLOCK, dtype=dtype, always_2d=True)):
            little = block.astype(block.dtype.newbyteorder("<"))
            content = little.reshape(-1, 1).view("u1")[:, little.itemsize - width :].tobytes()[:left]
            left -= len(content)
            yield content
        yield bytes(left + size % 2)  # an MP3 may hold a little less than it promised
    yield marks


def _head(size: int, analysis: Analysis) -> bytes:
    """The first twelve bytes, before chunks of `size` bytes in all; raises SegueError where WAV cannot count them."""
    if 4 + size > LARGEST:
        raise SegueError("bad_output", f"{analysis.audio.path} is over 4 GB as WAV: take another --format, such as rpp")
    return struct.pack("<4sI4s", b"RIFF", 4 + size, b"WAVE")


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _marks(analysis: Analysis, old: list[tuple[bytes, bytes]]) -> bytes:
    """The chunks `cue ` and LIST adtl: cue points of others as they were in `old`, then ours."""
    points = [point for name, content in old if name == b"cue " for point in _points(content)]
    notes = [note for name, content in old if name == b"LIST" for note in _notes(content[4:])]
    ours = {content[:4] for name, content in notes if name == b"labl" and OURS.fullmatch(content[4:])}
    points = [point for point in points if point[:4] not in ours]
    notes = [(name, content) for name, content in notes if content[:4] not in ours]
    free = max((struct.unpack("<I", point[:4])[0] for point in points), default=0) + 1
    for number, cut in enumerate(analysis.cuts, start=free):
        frame = round(cut.time * analysis.audio.sample_rate)
        points.append(struct.pack("<II4sIII", number, frame, b"data", 0, 0, frame))
        notes.append((b"labl", struct.pack("<I", number) + ascii_name(cut).encode() + b"\0"))
    if not points:
        return b""
    cues = _chunk(b"cue ", struct.pack("<I", len(points)) + b"".join(points))
    return cues + _chunk(b"LIST", b"adtl" + b"".join(_chunk(name, content) for name, content in notes))


def _points(cues: bytes) -> list[bytes]:
    """The cue points in a `cue ` chunk, 24 bytes each behind their count."""
    return [cues[at : at + 24] for at in range(4, len(cues) - 23, 24)]


def _notes(labels: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of what is in an adtl list."""
    while len(labels) >= 8:
        name, size = struct.unpack("<4sI", labels[:8])
        yield name, labels[8 : 8 + size]
        labels = labels[8 + size + size % 2 :]
