"""Our files among a user's: told apart by what is in them, written whole, and taken away without touching others.

Among files of the user's one of ours carries a seal, a digest of all else in it: who changes the file makes it theirs.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

from segue_bridge.errors import SegueError
from segue_models import files

SEAL = "Segue's seal 0000000000000000"  # goes into a comment; `sealed` fills it in

_SEAL = re.compile(rb"(?<=Segue's seal )[0-9a-f]{16}\b")


def digest(content: bytes) -> str:
    """What a content is known by."""
    return hashlib.sha256(content).hexdigest()[:16]


def sealed(content: bytes, changing: bytes = rb"\Z") -> bytes:
    """A content with its SEAL filled in; what the pattern `changing` matches may change without breaking it."""
    number = digest(re.sub(changing, b"", content)).encode()
    return _SEAL.sub(number, content)


def seal_holds(content: bytes, changing: bytes = rb"\Z") -> bool | None:
    """Whether nobody changed a content since it was sealed; None where it has no seal."""
    if not _SEAL.search(content):
        return None
    blank = _SEAL.sub(b"0" * 16, content)
    return content == _SEAL.sub(digest(re.sub(changing, b"", blank)).encode(), content)


def read(path: Path) -> bytes | None:
    """What stands in a file, None where there is none. Raises SegueError "bad_host_file" or "failed"."""
    try:
        return None if _mode(path) is None else path.read_bytes()
    except OSError as fault:
        raise SegueError("failed", f"{path} cannot be read ({fault.strerror}): allow it") from fault


def write(path: Path, content: bytes) -> None:
    """Write a whole file or nothing, its folder too: through a link, with the mode that it had.

    Raises SegueError "bad_host_file" or "failed".
    """
    try:
        if _mode(path) is None:
            Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content)
    except OSError as fault:
        reason = os.strerror(fault.errno or 0)
        raise SegueError("failed", f"{path} cannot be written ({reason}): make room or allow it") from fault


def keep(path: Path) -> Path | None:
    """Copy a file to the first free name of `NAME.before-segue`, `NAME.before-segue.2` and so on, with its mode.

    Returns the copy, an earlier one where it holds the same; None where there is no file. Raises SegueError "failed".
    """
    content, mode = read(path), _mode(path)
    if content is None:
        return None
    for number in count(1):
        copy = path.with_name(f"{path.name}.before-segue{f'.{number}' * (number > 1)}")
        try:
            _create(copy, content, mode)
        except FileExistsError:
            if not copy.is_file() or read(copy) != content:
                continue
        except OSError as fault:
            raise SegueError("failed", f"{copy} cannot be written ({fault.strerror}): make room or allow it") from fault
        return copy
    raise AssertionError


def put(path: Path, content: bytes, is_ours: Callable[[bytes], bool]) -> list[str]:
    """Write a file of ours. One that is not ours is copied before, and the user told where. Raises SegueError."""
    old = read(path)
    if old == content:
        return []
    copy = None if old is None or is_ours(old) else keep(path)
    write(path, content)
    return [f"{path} was not Segue's: it is kept as {copy.name}."] if copy else []


def remove(path: Path, is_ours: Callable[[bytes], bool]) -> bool:
    """Take a file of ours away, and say whether there was one; another stays. Raises SegueError "failed"."""
    content = read(path) if path.is_file() else None
    if content is None or not is_ours(content):
        return False
    try:
        path.unlink()
    except OSError as fault:
        raise SegueError("failed", f"{path} cannot be removed ({fault.strerror}): close the DAW first") from fault
    return True


def remove_empty(*folders: Path) -> None:
    """Take away the folders in which nothing is; links and others stay."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _mode(path: Path) -> int | None:
    """The permissions of a file, None where there is none. Raises SegueError "bad_host_file" or OSError."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise SegueError("bad_host_file", f"{path} is not a file: move it away, then run this again")
    return stat.S_IMODE(mode)


def _create(path: Path, content: bytes, mode: int | None) -> None:
    """Write a file that is not there yet, or nothing. Nobody can read it who may not by `mode`. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if mode is not None:
            path.chmod(mode)
    except OSError:
        path.unlink()
        raise
