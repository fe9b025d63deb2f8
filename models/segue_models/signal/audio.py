"""Read a recording, or a region of it: any common file, any rate, as float32 channels at 44.1 kHz."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from segue_models.signal import audio_files
from segue_models.signal.audio_errors import AudioError, Cancelled
from segue_models.signal.frames import RATE_HZ
from segue_models.signal.sources import open_source
from segue_models.signal.sources.source import Source, Stop

__all__ = ["Audio", "AudioError", "Cancelled", "Info", "coding", "info", "read", "sha256", "spans", "stream"]

F32 = NDArray[np.float32]

SHORTEST_SECONDS = 4.0  # less holds no bar to cut from and none to cut to
LONGEST_SECONDS = 95 * 60.0  # an album side is fine; a day of field recording would not fit into memory
MOST_SAMPLES = round(2 * LONGEST_SECONDS * RATE_HZ)  # of all channels at 44.1 kHz: 2 GB
MOST_SPANNED = 1 << 27  # samples of all channels: half a gigabyte
SLOWEST_HZ, FASTEST_HZ = 2000, 1_000_000
PAST_END_SECONDS = 1.0  # by which a region may reach beyond the file: ends are typed, and DAWs round them up
LOUDEST = 1000.0  # 60 dB above full scale: no recording, but a fault of export
HASHED_BYTES = 1 << 20  # between two looks whether to stop


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Info:
    """duration in seconds, rate in Hz of the file, channels over all files."""

    duration: float
    rate_hz: int
    channels: int


@dataclass(frozen=True)
class Audio:
    """samples: (channels, n) float32 at 44.1 kHz; source_rate_hz: rate of the file; duration: seconds read.

    warnings: sentences for the user, where a file is damaged or ends early.
    """

    samples: F32
    source_rate_hz: int
    duration: float
    warnings: tuple[str, ...] = ()


def info(paths: Sequence[Path], cancelled: Stop = _never) -> Info:
    """Duration, rate and channels of one file, or of mono files that are channels. Raises AudioError, Cancelled."""
    return _info(_sources(paths, cancelled))


def read(paths: Sequence[Path], start: float = 0.0, length: float | None = None, cancelled: Stop = _never) -> Audio:
    """Samples of a region, start and length in seconds of the file; length None reads to the end.

    Several paths are the channels of one recording. Raises AudioError for a file that is missing, empty, no audio or
    changed meanwhile, for NaN, infinite or absurdly loud samples, and for a region outside the file, too short or too
    long; Cancelled soon after `cancelled()` turns true.
    """
    sources = _sources(paths, cancelled)
    source = _info(sources)
    first, count, late = _region(source, start, length, paths[0])
    shape = (source.channels, int(np.ceil(count * RATE_HZ / source.rate_hz)))
    if shape[0] * shape[1] > MOST_SAMPLES:
        minutes = MOST_SAMPLES / source.channels / RATE_HZ / 60
        raise AudioError(
            "too_large",
            f"{source.channels} channels of {count / source.rate_hz / 60:.1f} minutes do not fit into memory: "
            f"select at most {minutes:.1f} minutes, or mix the channels down to stereo",
        )
    samples = np.zeros(shape, dtype=np.float32)
    warnings = [f"{path.name} {text}" for path, opened in sources for text in opened.warnings]
    row, done = 0, count
    for path, opened in sources:
        rows = samples[row : row + opened.channels]
        got = _decode(path, opened, first, count, rows, cancelled, warnings)
        if got < count and not opened.warnings:
            at = (first + got) / source.rate_hz
            warnings.append(f"{path.name} ends early or is damaged near {at:.1f} s: it is used up to there")
        row, done = row + opened.channels, min(done, got)
    if done < min(count, SHORTEST_SECONDS * source.rate_hz):
        raise AudioError(
            "truncated_file", f"{paths[0]} is damaged near {first / source.rate_hz:.1f} s: export it again"
        )
    size = int(np.ceil(done * RATE_HZ / source.rate_hz))
    return Audio(samples[:, :size], source.rate_hz, done / source.rate_hz, tuple(warnings + late))


def spans(paths: Sequence[Path], wanted: Sequence[tuple[int, int]]) -> list[F32]:
    """Samples (n, channels) of each span (first, end) of sample numbers, at the file's own rate, zero outside the file.

    Raises AudioError.
    """
    sources = _sources(paths, _never)
    source = _info(sources)
    if sum(end - start for start, end in wanted) * source.channels > MOST_SPANNED:
        asked = f"a preview of {source.channels} channels at {source.rate_hz} Hz does not fit into memory"
        raise AudioError("too_large", f"{asked}: ask for less around the join, or mix the channels down to stereo")
    out = [np.zeros((end - start, source.channels), np.float32) for start, end in wanted]
    channel = 0
    for path, opened in sources:
        for (start, end), samples in zip(wanted, out, strict=True):
            at = max(start, 0)
            for block in _blocks(path, opened, at, min(end, opened.frames) - at, _never, []):
                samples[at - start : at - start + len(block), channel : channel + opened.channels] = block
                at += len(block)
        channel += opened.channels
    return out


def stream(
    path: Path, start: float = 0.0, length: float | None = None, dtype: str = "float32"
) -> Iterator[NDArray[Any]]:
    """The samples of a part of one file, in seconds, as blocks (n, channels), at its own rate.

    dtype: as soundfile takes it. It ends where the file does. Raises AudioError.
    """
    source = open_source(path)
    first = round(start * source.rate_hz)
    end = source.frames if length is None else min(first + round(length * source.rate_hz), source.frames)
    with _in_words(path, source, lambda: first):
        yield from source.blocks(first, end - first, _never, [], dtype)


def coding(path: Path) -> tuple[int, int, int, str]:
    """Rate in Hz, channels, samples of each, and their coding in soundfile's words. Raises AudioError."""
    source = open_source(path)
    with _in_words(path, source, lambda: 0):
        return source.rate_hz, source.channels, source.frames, source.subtype


def sha256(paths: Sequence[Path], cancelled: Stop = _never) -> str:
    """Hash of the bytes of all files together. Raises AudioError, and Cancelled soon after `cancelled()` turns true."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        audio_files.check(path)
        try:
            with path.open("rb") as file:
                while block := file.read(HASHED_BYTES):
                    if cancelled():
                        raise Cancelled
                    digest.update(block)
        except OSError as fault:
            raise audio_files.unreadable(path, fault) from fault
    return digest.hexdigest()


def _sources(paths: Sequence[Path], cancelled: Stop) -> list[tuple[Path, Source]]:
    if not paths:
        raise AudioError("not_found", "no audio file was named")
    return [(Path(path), open_source(Path(path), cancelled)) for path in paths]


def _info(sources: Sequence[tuple[Path, Source]]) -> Info:
    (path, first), channels = sources[0], sum(source.channels for _, source in sources)
    if any((source.rate_hz, source.frames) != (first.rate_hz, first.frames) for _, source in sources[1:]):
        raise AudioError("channels_differ", "the channel files differ in length or rate: they are not one recording")
    if not SLOWEST_HZ <= first.rate_hz <= FASTEST_HZ:
        raise AudioError(
            "bad_rate",
            f"{path} has {first.rate_hz} samples a second, which is no rate of music: "
            f"convert it to one from {SLOWEST_HZ} to {FASTEST_HZ} Hz",
        )
    return Info(first.frames / first.rate_hz, first.rate_hz, channels)


def _region(source: Info, start: float, length: float | None, path: Path) -> tuple[int, int, list[str]]:
    """First sample and number of samples of a region, at the file's rate; a warning where its end was cut off."""
    wanted = source.duration - start if length is None else length
    if not (np.isfinite(start) and np.isfinite(wanted)):
        raise AudioError("bad_region", "start and length of the region must be finite numbers of seconds")
    past = start + wanted - source.duration if length is not None else 0.0
    if start < 0 or start >= source.duration or past > PAST_END_SECONDS:
        raise AudioError(
            "outside_file",
            f"the region {start:.3f} to {start + wanted:.3f} s is not inside {path} of {source.duration:.3f} s: "
            "select the region again",
        )
    wanted = min(wanted, source.duration - start)
    if wanted < SHORTEST_SECONDS:
        raise AudioError("too_short", f"{wanted:.2f} s is too short to cut: select at least {SHORTEST_SECONDS:g} s")
    if wanted > LONGEST_SECONDS:
        raise AudioError("too_long", f"{wanted / 60:.0f} minutes are too long: select at most {LONGEST_SECONDS / 60:g}")
    first, total = round(start * source.rate_hz), round(source.duration * source.rate_hz)
    late = past > 1.5 / source.rate_hz  # a DAW at another rate rounds the end of a region up to a sample of its own
    warning = f"the region ends {past:.3f} s after {path.name}, which has {source.duration:.3f} s: it is cut off there"
    return first, min(round(wanted * source.rate_hz), total - first), [warning] if late else []


def _blocks(path: Path, source: Source, first: int, count: int, cancelled: Stop, warnings: list[str]) -> Iterator[F32]:
    """`count` samples of one file from `first` on as blocks (n, channels); fewer where it ends early.

    Damages are added to `warnings` as sentences. Raises AudioError, Cancelled.
    """
    damaged: list[int] = []
    at = first
    with _in_words(path, source, lambda: at):
        for block in source.blocks(first, count, cancelled, damaged):
            sound = np.abs(block) <= LOUDEST
            if not sound.all():
                bad = at + int(sound.all(axis=1).argmin())
                raise AudioError("bad_samples", _not_sound(path, bad, source.rate_hz))
            at += len(block)
            yield block
    _unchanged(path, source)
    if damaged:
        seconds = damaged[0] / source.rate_hz
        warnings.append(f"{path.name} is damaged near {seconds:.1f} s: what cannot be decoded is taken for silence")


@contextmanager
def _in_words(path: Path, source: Source, at: Callable[[], int]) -> Iterator[None]:
    """What goes wrong in decoding, near sample `at()`, in words for the user."""
    try:
        yield
    except OSError as fault:
        raise audio_files.unreadable(path, fault) from fault
    except (soundfile.LibsndfileError, RuntimeError) as fault:
        _unchanged(path, source)
        sentence = f"{path} is damaged near {at() / source.rate_hz:.1f} s: export it again"
        raise AudioError("truncated_file", sentence) from fault


def _unchanged(path: Path, source: Source) -> None:
    if audio_files.check(path) != source.stamp:
        raise AudioError("changed_file", f"{path} was changed while it was read: ask again")


def _decode(path: Path, source: Source, first: int, count: int, out: F32, cancelled: Stop, warnings: list[str]) -> int:
    """Fill `out` (channels, n) at 44.1 kHz, block by block: a long file is never in memory twice.

    Returns the number of samples, at the file's rate, that were there.
    """
    import soxr

    rate_hz, done, written = source.rate_hz, 0, 0
    resampler = None if rate_hz == RATE_HZ else soxr.ResampleStream(rate_hz, RATE_HZ, source.channels, "float32")
    for block in _blocks(path, source, first, count, cancelled, warnings):
        done += len(block)
        written = _append(out, written, block if resampler is None else resampler.resample_chunk(block, done >= count))
    if resampler is not None and done < count:
        _append(out, written, resampler.resample_chunk(np.empty((0, source.channels), np.float32), last=True))
    return done


def _append(out: F32, written: int, block: F32) -> int:
    block = block[: out.shape[1] - written]
    out[:, written : written + len(block)] = block.T
    return written + len(block)


def _not_sound(path: Path, after: int, rate_hz: int) -> str:
    seconds = after // (10 * rate_hz) * 10
    return f"{path} has NaN, infinite or absurdly loud samples after {seconds:.1f} s: export it again"
