"""Recordings as encoders write them, and the ways in which files of the world differ from that."""

import re
import struct
from pathlib import Path

import numpy as np
import soundfile

from segue_models.signal import audio
from segue_models.signal.sources import ogg_pages

RATE = 44100


def music(seconds: float, rate: int = RATE, channels: int = 2, seed: int = 0) -> np.ndarray:
    """Noise under a slow swell with a tone in it (n, channels): no part of it is like another."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 0.31 * t)
    tone = np.sin(2 * np.pi * 220 * t * (1 + t / 50))
    noise = rng.normal(size=(len(t), channels))
    return ((0.2 * tone[:, None] + 0.06 * noise) * swell[:, None]).astype(np.float32)


def coded(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str | None = None, **how) -> bytes:
    """The bytes of a file, written a second at a time: libsndfile's Vorbis encoder cannot take all at once."""
    if path.suffix in (".ogg", ".opus"):
        how["format"] = "OGG"
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], subtype, **how) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])
    return path.read_bytes()


def heard(path: Path, content: bytes | None = None, start: float = 0.0, length: float | None = None) -> audio.Audio:
    """What is read of a file, whose content is written to it before."""
    if content is not None:
        path.write_bytes(content)
    return audio.read([path], start, length)


def said(content: bytes, at: int, value: int, form: str) -> bytes:
    """The same with a number of that struct format written at an offset."""
    return content[:at] + struct.pack(form, value) + content[at + struct.calcsize(form) :]


def flac_total(content: bytes, total: int) -> bytes:
    """A FLAC whose header says that it has so many samples."""
    packed = int.from_bytes(content[18:26], "big") >> 36 << 36 | total
    return content[:18] + packed.to_bytes(8, "big") + content[26:]


def granules(content: bytes, change) -> bytes:
    """An Ogg whose pages have the granule positions `change(granule, number, is_last)`, with right checksums."""
    out, at = b"", 0
    while at < len(content):
        _, version, flags, granule, serial, number, _, count = ogg_pages.HEADER.unpack(content[at : at + 27])
        size = 27 + count + sum(content[at + 27 : at + 27 + count])
        granule = change(granule, number, bool(flags & 4)) if granule > 0 else granule
        head = ogg_pages.HEADER.pack(b"OggS", version, flags, granule, serial, number, 0, count)
        page = head + content[at + 27 : at + size]
        out += page[:22] + struct.pack("<I", ogg_pages.checksum(page)) + page[26:]
        at += size
    return out


def pages(content: bytes) -> list[int]:
    """Where the pages of an Ogg begin."""
    return [match.start() for match in re.finditer(b"OggS\0", content)]


def table(content: bytes) -> int:
    """Where an MP3's table of contents begins."""
    return max(content.find(b"Info"), content.find(b"Xing"))


def without_table(content: bytes) -> bytes:
    """An MP3 without its table of contents."""
    return content[content.index(content[:2], table(content)) :]
