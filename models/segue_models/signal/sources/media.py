"""What libsndfile does not read (M4A, films, WMA): decoded once by PyAV or the user's ffmpeg, into a nameless file.

Neither may open anything but the file itself: playlists and the like, which name others, are no formats here.
"""

import io
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from segue_models.paths import default_paths
from segue_models.signal import audio_suffixes
from segue_models.signal.audio_errors import AudioError, Cancelled
from segue_models.signal.sources.source import Source, Stop, Stream, Whole
from segue_models.signal.sources.view import BLOCK, FARTHEST, Buffered, buffered

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,asf,avi,flv,live_flv,mpegts,mpeg,ac3,eac3,amr,amrnb,amrwb,ape,wv,tta,mpc,"
    "mpc8,ogg,mp3,flac,wav,w64,aiff,caf,dts"
)
SIGNS = (
    (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (0, b"\x1aE\xdf\xa3"), (0, b"0&\xb2u\x8ef\xcf\x11"),
    (0, b"FLV\x01"), (8, b"AVI "), (0, b"#!AMR"), (0, b"MAC "), (0, b"wvpk"), (0, b"TTA1"), (0, b"MPCK"), (0, b"MP+"),
    (0, b"\xff\xf1"), (0, b"\xff\xf9"), (0, b"\x0b\x77"), (0, b"\x00\x00\x01\xba"),
)  # fmt: skip
LARGEST = 4 << 30  # bytes when decoded: 3 hours of stereo
LONGEST_SECONDS = 900.0  # that decoding may take
POLL_SECONDS = 0.05
SLACK_SECONDS = 0.25  # by which a header may promise more without a word
INSTALL = 'install ffmpeg (apt install ffmpeg, brew install ffmpeg), or pip install "segue[m4a]"'


def is_media(path: Path, start: bytes) -> bool:
    """Whether a file's name or first bytes are those of what needs a decoder."""
    signs = any(start[at : at + len(sign)] == sign for at, sign in SIGNS)
    return signs or path.suffix.lower() in audio_suffixes.DECODED


def can_decode() -> bool:
    """Whether there is a decoder."""
    return find_spec("av") is not None or shutil.which("ffmpeg") is not None


def open_media(path: Path, cancelled: Stop) -> Source:
    """The first sound of a file, decoded. Raises AudioError, Cancelled, OSError."""
    decode: Callable[[Path, BinaryIO, Stop], list[str]]
    if find_spec("av") is not None:
        decode = _by_pyav
    elif shutil.which("ffmpeg"):
        decode = _by_ffmpeg
    else:
        raise AudioError("no_decoder", f"{path} is M4A, a film or another format that needs a decoder: {INSTALL}")
    folder = default_paths().cache
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept: Any = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (it lives as long as its source)
    except OSError as fault:
        raise AudioError("failed", f"{folder} cannot be written ({fault.strerror}): set SEGUE_CACHE") from fault
    try:
        warnings = decode(path, kept, cancelled)
        lock = threading.Lock()

        def open_file() -> Stream:
            return Stream(Buffered(_Shared(kept, lock), BLOCK))

        with open_file() as file:
            if file.frames <= 0:
                raise AudioError("empty_file", f"{path} holds no sound: export it again")
            return Source(
                file.samplerate, file.channels, (Whole(file.frames, open_file),), tuple(warnings), decoded=True
            )
    except soundfile.LibsndfileError as fault:
        kept.close()
        raise _no_sound(path) from fault
    except BaseException:
        kept.close()
        raise


class _Shared(io.RawIOBase):
    """A file that several read, each from its own place."""

    def __init__(self, file: BinaryIO, lock: threading.Lock) -> None:
        self._file, self._lock, self._at = file, lock, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        with self._lock:
            end = self._file.seek(0, io.SEEK_END)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: end}[whence]
        self._at = min(max(base + offset, 0), FARTHEST)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes."""
        with self._lock:
            self._file.seek(self._at)
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _by_ffmpeg(path: Path, out: BinaryIO, cancelled: Stop) -> list[str]:
    """Write the first sound of a file as AU to `out`; what is wrong with it is returned."""
    command = [
        shutil.which("ffmpeg") or "ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error",
        "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS, "-i", f"file:{path.absolute()}",
        "-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=said)
        try:
            _watch(path, process, out, cancelled)
        finally:
            process.kill()
            process.wait()
        out.flush()
        said.seek(0)
        faults = said.read(1 << 16).decode(errors="replace").strip()
    if process.returncode and os.fstat(out.fileno()).st_size < 1000:
        if "No space left" in faults:
            raise AudioError("failed", f"there is no room to decode {path}: free some, or set SEGUE_CACHE")
        raise _no_sound(path)
    return ["is damaged or ends early: what can be decoded is used"] if faults else []


def _watch(path: Path, process: "subprocess.Popen[bytes]", out: BinaryIO, cancelled: Stop) -> None:
    """Wait for the end. Raises Cancelled, AudioError."""
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return
        if cancelled():
            raise Cancelled
        if os.fstat(out.fileno()).st_size > LARGEST or time.monotonic() > until:
            raise _too_long(path)


def _by_pyav(path: Path, out: BinaryIO, cancelled: Stop) -> list[str]:
    """The same through PyAV."""
    import av

    faults: list[str] = []
    try:
        with (
            buffered(path, [(0, path.stat().st_size)]) as file,  # PyAV prints what a file raises
            closing(av.open(file, options={"format_whitelist": FORMATS})) as container,
        ):
            if not container.streams.audio:
                raise AudioError("not_audio", f"{path} has no sound: name a recording")
            stream: Any = container.streams.audio[0]
            if stream.codec_context is None or not stream.rate or not stream.channels:
                raise _no_sound(path)
            rate, channels = stream.rate, stream.channels
            with soundfile.SoundFile(out, "w", rate, channels, "FLOAT", format="AU") as sound:
                written = _write_frames(path, container, stream, sound, cancelled, faults)
            told = stream.duration and stream.time_base and container.format.name.startswith("mov")  # others guess
            length = float(stream.duration * stream.time_base) if told else 0.0
    except (av.FFmpegError, ValueError) as fault:
        if isinstance(fault, AudioError):
            raise
        raise _no_sound(path) from fault
    if faults or length - written / rate > SLACK_SECONDS:
        return ["is damaged or ends early: what can be decoded is used"]
    return []


def _write_frames(
    path: Path, container: Any, stream: Any, sound: soundfile.SoundFile, cancelled: Stop, faults: list[str]
) -> int:
    """Decode to the end; packets that cannot be are left out. The number of samples of each channel."""
    import av

    resampler = av.AudioResampler(format="flt", layout=stream.layout.name, rate=stream.rate)
    written = 0
    packets = container.demux(stream)
    while True:
        if cancelled():
            raise Cancelled
        try:
            packet = next(packets)
            frames = [part for frame in packet.decode() for part in resampler.resample(frame)]
        except StopIteration:
            return written
        except Exception as fault:  # PyAV stumbles over some broken files in ways of its own
            faults.append(str(fault))
            if len(faults) > 10_000:
                return written
            continue
        for frame in frames:
            samples = frame.to_ndarray().reshape(-1, sound.channels)
            sound.write(samples.astype(np.float32, copy=False))
            written += len(samples)
        if written * sound.channels * 4 > LARGEST:
            raise _too_long(path)


def _no_sound(path: Path) -> AudioError:
    return AudioError("not_audio", f"{path} holds no sound that can be decoded: convert it to WAV or FLAC")


def _too_long(path: Path) -> AudioError:
    return AudioError("too_long", f"{path} is longer than can be decoded at once: convert it to WAV or FLAC")
