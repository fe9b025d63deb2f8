"""Which files may be opened as recordings, told by what the file system says of them."""

import stat
from pathlib import Path
from typing import NamedTuple

from segue_models.signal.audio_errors import AudioError

LARGEST = 32 << 30  # bytes: a day of stereo at 96 kHz


class Stamp(NamedTuple):
    """What tells a file from a later one of its name; mtime in nanoseconds."""

    path: str
    size: int
    mtime: int
    inode: int


def check(path: Path) -> Stamp:
    """The stamp of a recording. Raises AudioError for what is no regular file, empty, or too large."""
    readable = str(path).encode(errors="replace").decode()
    if readable != str(path):  # bytes in the name that are no UTF-8, from another system's disk
        raise AudioError("bad_name", f"the name {readable} holds bytes that are no text: rename the file")
    try:
        found = path.stat()
    except OSError as fault:
        raise unreadable(path, fault) from fault
    except ValueError as fault:  # a null byte
        raise AudioError("bad_name", f"{path!r} is no name of a file: check the path") from fault
    if not stat.S_ISREG(found.st_mode):
        raise AudioError("not_audio", f"{path} is not a file: name a recording")
    if found.st_size == 0:
        raise AudioError("empty_file", f"{path} is empty: export it again")
    if found.st_size > LARGEST:
        size = f"{found.st_size / (1 << 30):.0f} GB, and at most {LARGEST >> 30} are read"
        raise AudioError("too_large", f"{path} has {size}: name a shorter recording")
    return Stamp(str(path.absolute()), found.st_size, found.st_mtime_ns, found.st_ino)


def unreadable(path: Path, fault: OSError) -> AudioError:
    """The fault in words for the user."""
    if isinstance(fault, (FileNotFoundError, NotADirectoryError)):
        return AudioError("not_found", f"there is no file {path}: check the path, or relink the audio in the DAW")
    return AudioError("unreadable", f"{path} cannot be read ({fault.strerror or fault}): check the file")
