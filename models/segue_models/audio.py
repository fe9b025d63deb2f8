"""Read a recording, or a region of it: any common file, any rate, as float32 channels at 44.1 kHz."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from segue_models.frames import RATE_HZ

F32 = NDArray[np.float32]

SHORTEST_SECONDS = 4.0  # less holds no bar to cut from and none to cut to
LONGEST_SECONDS = 95 * 60.0  # an album side is fine; a day of field recording would not fit into memory
BLOCK_SECONDS = 10
PREROLL = 8192  # samples decoded before a region: an Ogg decoder needs the block before it for the first one
ENDS_EARLY_SECONDS = 0.1  # an MP3 without a table of contents promises a little more than it holds
LOUDEST = 1000.0  # 60 dB above full scale: no recording, but a fault of export


class AudioError(ValueError):
    """The recording cannot be analysed; `code` is for programs, the message for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["AudioError"], tuple[str, str]]:
        """Both arguments, so that it comes whole out of another process."""
        return type(self), (self.code, str(self))


@dataclass(frozen=True)
class Info:
    """duration in seconds, rate in Hz of the file, channels over all files."""

    duration: float
    rate_hz: int
    channels: int


@dataclass(frozen=True)
class Audio:
    """samples: (channels, n) float32 at 44.1 kHz; source_rate_hz: rate of the file; duration: seconds read."""

    samples: F32
    source_rate_hz: int
    duration: float


def info(paths: Sequence[Path]) -> Info:
    """Duration, rate and channels of one file, or of mono files that are channels; raises AudioError."""
    headers = [_header(Path(p)) for p in paths]
    if not headers:
        raise AudioError("missing_file", "no audio file was named")
    first = headers[0]
    if any((h.samplerate, h.frames) != (first.samplerate, first.frames) for h in headers[1:]):
        raise AudioError("channels_differ", "the channel files differ in length or rate: they are not one recording")
    return Info(first.frames / first.samplerate, first.samplerate, sum(h.channels for h in headers))


def read(paths: Sequence[Path], start: float = 0.0, length: float | None = None) -> Audio:
    """Samples of a region, start and length in seconds of the file; length None reads to the end.

    Several paths are the channels of one recording. Raises AudioError for a file that is missing, empty, truncated
    or no audio, for NaN, infinite or absurdly loud samples, and for a region outside the file, too short or too long.
    """
    source = info(paths)
    first, count = _region(source, start, length, paths[0])
    samples = np.zeros((source.channels, int(np.ceil(count * RATE_HZ / source.rate_hz))), dtype=np.float32)
    filled = 0
    for path in paths:
        filled += _decode(Path(path), first, count, source.rate_hz, samples[filled:])
    return Audio(samples, source.rate_hz, count / source.rate_hz)


def sha256(paths: Sequence[Path]) -> str:
    """Hash of the bytes of all files together."""
    digest = hashlib.sha256()
    for path in paths:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _header(path: Path) -> "soundfile._SoundFileInfo":
    readable = str(path).encode(errors="replace").decode()
    if readable != str(path):  # bytes in the name that are no UTF-8, from another system's disk
        raise AudioError("bad_name", f"the name {readable} holds bytes that are no text: rename the file")
    if not path.exists():
        raise AudioError("missing_file", f"there is no file {path}: check the path, or relink the audio in the DAW")
    if not path.is_file():
        raise AudioError("not_audio", f"{path} is not a file: name a recording")
    if path.stat().st_size == 0:
        raise AudioError("empty_file", f"{path} is empty: export it again")
    try:
        header = soundfile.info(str(path))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise AudioError("not_audio", f"{path} is no audio file that can be read: convert it to WAV or FLAC") from error
    if header.frames <= 0:
        raise AudioError("empty_file", f"{path} holds no samples: export it again")
    if _cut_off(header):
        raise AudioError("truncated_file", _truncated(path, header.frames, header.samplerate))
    return header


def _cut_off(header: "soundfile._SoundFileInfo") -> bool:
    """Whether the file promises more than it holds. libsndfile trims the length without a word but logs what it saw.

    FLAC and MP3 show it only while decoding.
    """
    log: str = header.extra_info
    for promised, held in re.findall(r"^\s*(?:data|SSND|riff) : (\d+) \(should be (\d+)\)", log, re.MULTILINE):
        open_end = int(promised) >= 0x7FFFF000  # what a recorder writes that does not know the length yet
        if not open_end and int(promised) - int(held) > header.channels * 8:  # a pad byte is no loss
            return True
    frames = re.findall(r"'ds64' chunk of (\d+)", log)
    return any(int(n) > header.frames for n in frames) or "lacks an end-of-stream" in log


def _region(source: Info, start: float, length: float | None, path: Path) -> tuple[int, int]:
    """First sample and number of samples of a region, at the file's rate."""
    wanted = source.duration - start if length is None else length
    if not (np.isfinite(start) and np.isfinite(wanted)):
        raise AudioError("bad_region", "start and length of the region must be finite numbers of seconds")
    slack = 1.5 / source.rate_hz  # a DAW at another rate rounds the end of a region up to a sample of its own
    if start < 0 or start >= source.duration or (length is not None and start + wanted > source.duration + slack):
        raise AudioError(
            "outside_file",
            f"the region {start:.3f} to {start + wanted:.3f} s is not inside {path} of {source.duration:.3f} s: "
            "select the region again",
        )
    if wanted < SHORTEST_SECONDS:
        raise AudioError("too_short", f"{wanted:.2f} s is too short to cut: select at least {SHORTEST_SECONDS:g} s")
    if wanted > LONGEST_SECONDS:
        raise AudioError("too_long", f"{wanted / 60:.0f} minutes are too long: select at most {LONGEST_SECONDS / 60:g}")
    first = round(start * source.rate_hz)
    return first, min(round(wanted * source.rate_hz), round(source.duration * source.rate_hz) - first)


def _decode(path: Path, first: int, count: int, rate_hz: int, out: F32) -> int:
    """Fill the first rows of `out` (channels, n) at 44.1 kHz, block by block: a long file is never in memory twice.

    Returns the number of channels.
    """
    import soxr

    done = written = 0
    try:
        with soundfile.SoundFile(str(path)) as file:
            warm = min(first, PREROLL)
            file.seek(first - warm)
            file.read(warm)
            resampler = None if rate_hz == RATE_HZ else soxr.ResampleStream(rate_hz, RATE_HZ, file.channels, "float32")
            while done < count:
                block = file.read(min(BLOCK_SECONDS * rate_hz, count - done), dtype="float32", always_2d=True)
                if not len(block) and count - done > ENDS_EARLY_SECONDS * rate_hz:
                    raise AudioError("truncated_file", _truncated(path, first + done, rate_hz))
                if not (np.abs(block) <= LOUDEST).all():
                    raise AudioError("bad_samples", _not_sound(path, first + done, rate_hz))
                done = done + len(block) if len(block) else count
                if resampler is not None:
                    block = resampler.resample_chunk(block, last=done >= count)
                block = block[: out.shape[1] - written]
                out[: file.channels, written : written + len(block)] = block.T
                written += len(block)
            return int(file.channels)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise AudioError("truncated_file", _truncated(path, first + done, rate_hz)) from error


def _truncated(path: Path, at: int, rate_hz: int) -> str:
    return f"{path} ends or is damaged near {at / rate_hz:.1f} s, before its header says: export it again"


def _not_sound(path: Path, after: int, rate_hz: int) -> str:
    return f"{path} has NaN, infinite or absurdly loud samples after {after / rate_hz:.1f} s: export it again"
