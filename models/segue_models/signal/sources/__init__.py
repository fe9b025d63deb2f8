"""Files of sound: what each holds, by what is in it and not by what its header says, and its samples from any place."""

import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import soundfile

from segue_models.signal import audio_files
from segue_models.signal.audio_errors import AudioError
from segue_models.signal.audio_files import Stamp
from segue_models.signal.sources import chunks, flac, media, mp3, ogg
from segue_models.signal.sources.source import Source, Stop, Stream, Whole
from segue_models.signal.sources.stderr import without_libmpg123
from segue_models.signal.sources.view import buffered

KEPT, KEPT_DECODED = 8, 2  # files whose layout is remembered while they stay as they are, and copies of decoded ones
WIDTHS = {
    "PCM_S8": 1,
    "PCM_U8": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
    "ULAW": 1,
    "ALAW": 1,
}
UNKNOWN = 1 << 62  # samples: what libsndfile says where it does not know

_kept: OrderedDict[Stamp, Source] = OrderedDict()
_lock = threading.Lock()


def open_source(path: Path, cancelled: Stop = lambda: False) -> Source:
    """The sound of a file. Raises AudioError where it is none, and Cancelled."""
    stamp = audio_files.check(path)
    with _lock:
        if stamp in _kept:
            _kept.move_to_end(stamp)
            return _kept[stamp]
    try:
        source = replace(_opened(path, stamp.size, cancelled), stamp=stamp)
    except OSError as fault:
        raise audio_files.unreadable(path, fault) from fault
    except (soundfile.LibsndfileError, RuntimeError) as fault:
        raise _no_audio(path) from fault
    if source.frames <= 0:
        raise AudioError("empty_file", f"{path} holds no samples: export it again")
    with _lock:
        _kept[stamp] = source
        decoded = [stamp for stamp, kept in _kept.items() if kept.decoded]
        for old in {*list(_kept)[:-KEPT], *decoded[:-KEPT_DECODED]}:
            del _kept[old]
    return source


def _opened(path: Path, length: int, cancelled: Stop) -> Source:
    with path.open("rb") as file:
        start = file.read(64)
        begin = mp3.after_tags(file, length)
        file.seek(begin)
        behind = file.read(4)
    suffix, source = path.suffix.lower(), None
    if (sound := chunks.find(path)) is not None:
        try:
            return _of_chunks(path, sound, cancelled)
        except soundfile.LibsndfileError:  # a rare coding
            if not media.can_decode():
                raise
            return media.open_media(path, cancelled)
    if behind == b"fLaC":
        source = flac.open_flac(path, begin, length, cancelled)
    elif start[:4] == b"OggS" or suffix in (".ogg", ".oga", ".opus"):
        source = ogg.open_ogg(path, cancelled)
    elif begin or suffix in (".mp3", ".mp2", ".mpga") or mp3.is_frame(start):
        source = mp3.open_mp3(path, 0, length, cancelled)
    if source is not None:
        return source
    if media.is_media(path, start) or (start[:4] == b"OggS" and media.can_decode()):
        return media.open_media(path, cancelled)
    with without_libmpg123(), Stream(str(path)) as file:
        if file.frames >= UNKNOWN or not file.frames:
            raise _no_audio(path)
        return Source(file.samplerate, file.channels, (Whole(file.frames, lambda: Stream(str(path))),))


def _of_chunks(path: Path, sound: chunks.Sound, cancelled: Stop) -> Source:
    """WAV and its kin: by name where libsndfile counts as many samples as there are, else behind a right header."""
    try:
        with without_libmpg123(), Stream(str(path)) as file:
            subtype = file.subtype
            source = Source(file.samplerate, file.channels, (Whole(file.frames, lambda: Stream(str(path))),))
            width = WIDTHS.get(subtype, 0) * file.channels
    except soundfile.LibsndfileError:
        source, subtype, width = None, "", 1
    if subtype.startswith("MPEG"):
        found = mp3.open_mp3(path, sound.begin, sound.end, cancelled)
        if found is None:
            raise AudioError("not_audio", f"{path} is MP3 inside WAV and cannot be read: convert it to WAV or FLAC")
        return found
    if source is None or (width and source.frames != (sound.end - sound.begin) // width):
        parts = chunks.rewrapped(path, sound)
        with without_libmpg123(), Stream(buffered(path, parts)) as file:
            width = WIDTHS.get(file.subtype, 0) * file.channels
            source = Source(
                file.samplerate, file.channels, (Whole(file.frames, lambda: Stream(buffered(path, parts))),)
            )
    if sound.promised is not None and width and sound.promised - (sound.end - sound.begin) >= 2 * width:
        ends = f"ends early or is damaged near {source.frames / source.rate_hz:.1f} s: it is used up to there"
        return Source(source.rate_hz, source.channels, source.runs, (ends,))
    return source


def _no_audio(path: Path) -> AudioError:
    return AudioError("not_audio", f"{path} is no audio file that can be read: convert it to WAV or FLAC")
