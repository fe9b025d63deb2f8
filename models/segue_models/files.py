"""Whole files or none: how everything that Segue makes is written.

What is there already keeps its mode and its owner; a link stays a link, and what it points to gets the content. What is
no regular file (a FIFO, a device, a folder) is never touched.
"""

import errno
import os
import shutil
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe (FIFO)"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)
_NODE = os.uname().nodename if hasattr(os, "uname") else ""
MARK = f".segue-{zlib.crc32(_NODE.encode()):08x}-"  # of our unfinished files: a process number means one machine only


def write(path: Path, content: bytes | Iterable[bytes], mode: int = 0o666) -> None:
    """Write a whole file, also piece by piece, or nothing. Raises as `replacing`, and whatever `content` raises."""
    with replacing(path, mode) as file:
        file.writelines([content] if isinstance(content, bytes) else content)


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to be written, a hidden neighbour of `path` that takes its place once it is whole.

    mode: of a file that was not there, less the umask. Raises OSError, whose `strerror` says what is wrong with
    `filename`.
    """
    target = replaced(path)
    _sweep(target.parent)
    temporary = target.with_name(f"{MARK}{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        is_new = not target.exists()
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, mode if is_new else 0o600)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a full disk may only show here
        if not is_new:
            _like(target, temporary)
        os.replace(temporary, target)
    except OSError as fault:
        if fault.filename not in (None, str(temporary), temporary):
            raise
        raise type(fault)(fault.errno, f"cannot be written ({fault.strerror})", str(path)) from fault
    finally:
        with suppress(OSError):
            temporary.unlink()


def replaced(path: Path) -> Path:
    """The regular file, there or not yet, that a write to `path` makes anew: links are followed.

    Raises OSError where that is something else, is read-only, or has no folder to lie in.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        target = _pointed_to(path)
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"has no folder: make {target.parent}", str(path)) from None
        return target
    except OSError as fault:
        raise type(fault)(fault.errno, f"cannot be written ({fault.strerror})", str(path)) from fault
    for is_kind, says in KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, f"{says}, not a file: give another name", str(path))
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "is read-only: give another name, or allow writing", str(path))
    return _pointed_to(path)


def _pointed_to(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


_BINARY = getattr(os, "O_BINARY", 0)  # on Windows


def _like(known: Path, made: Path) -> None:
    """Give `made` the mode, the attributes and, where that is allowed, the owner of `known`."""
    if hasattr(os, "chown"):
        owner = known.stat()
        with suppress(OSError):
            os.chown(made, owner.st_uid, owner.st_gid)
    shutil.copystat(known, made)
    os.utime(made)


def _sweep(folder: Path) -> None:
    """Remove what programs of ours left unfinished that were killed."""
    if os.name != "posix":
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(MARK) and not _lives(entry.name.removeprefix(MARK).partition("-")[0]):
                with suppress(OSError):
                    os.unlink(entry.path)


def _lives(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, OSError):
        return True  # not ours to judge
    return True
