"""Folders and files that no other user of the machine can read, change or replace.

A folder is opened once, without following a link, and everything in it is reached through what was opened. It is
refused where another user owns it, may write in it, or may rename a folder on the way to it (sticky folders such as
/tmp are no such way; a group that holds its user alone is no other user). On Windows, where nothing of this can be
asked, the user's profile is what keeps others out.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

LINKS = 40  # on the way to a folder, as many as the kernel follows

# Windows has none of these, nor anything that works relative to an open folder.
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_AT = os.open in os.supports_dir_fd
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Exposed(PermissionError):
    """Another user may have a hand in this place; `strerror` says how."""

    def __init__(self, path: Path, how: str) -> None:
        super().__init__(errno.EPERM, how, str(path))


def uid() -> int | None:
    """The user this process works for; None on Windows."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def is_own_file(status: os.stat_result) -> bool:
    """Whether this is a regular file of our own user with one name, no link to another, no device and no pipe."""
    return stat.S_ISREG(status.st_mode) and uid() in (None, status.st_uid) and status.st_nlink == 1


class Folder:
    """An open folder of our own user; names in it are single names, and no link is followed."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._at = descriptor

    def names(self) -> list[str]:
        """Everything in it, in no order."""
        return os.listdir(self.path if self._at is None else self._at)

    def status(self, name: str) -> os.stat_result:
        """Of the entry itself, not of what a link leads to."""
        return os.stat(self._name(name), dir_fd=self._at, follow_symlinks=False)

    def read(self, name: str, limit: int) -> bytes | None:
        """A file of ours, at most `limit` bytes; None where it is longer. Raises OSError, Exposed for other things."""
        flags = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._name(name), flags, dir_fd=self._at), "rb") as file:
            if not is_own_file(os.fstat(file.fileno())):
                raise Exposed(self.path / name, "it is no file of your own")
            content = file.read(limit + 1)  # the size it has is not the size it will have
        return content if len(content) <= limit else None

    def write(self, name: str, content: bytes) -> None:
        """A new file that only its owner can read; raises FileExistsError where the name is taken."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._name(name), flags, 0o600, dir_fd=self._at), "wb") as file:
            file.write(content)

    def replace(self, name: str, content: bytes) -> None:
        """A file in whole or not at all; what had that name, also a link, is gone then."""
        temporary = f"{name}.{os.getpid()}.tmp"
        with suppress(FileNotFoundError):
            self.remove(temporary)  # left by a process that was killed
        try:
            self.write(temporary, content)
            self.rename(temporary, name)
        except OSError:
            with suppress(OSError):
                self.remove(temporary)
            raise

    def make(self, name: str, tighten: bool = False) -> None:
        """A folder in it, as `opened` wants one: for its owner alone where it is new."""
        with suppress(FileExistsError):
            os.mkdir(self._name(name), 0o700, dir_fd=self._at)
        with self.opened(name, tighten):
            pass

    @contextmanager
    def opened(self, name: str, tighten: bool = False) -> Iterator["Folder"]:
        """A folder in it, as the function of that name."""
        path = self.path / name
        if not _AT:
            if not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            yield Folder(path, None)
            return
        try:
            descriptor = os.open(self._name(name), os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW, dir_fd=self._at)
        except OSError as fault:
            if path.is_symlink():
                raise Exposed(path, "it is a link: name the folder itself") from fault
            raise
        try:
            status = os.fstat(descriptor)
            if status.st_uid != uid():
                raise Exposed(path, "another user owns it")
            if tighten and status.st_mode & 0o077:
                os.fchmod(descriptor, 0o700)
            elif status.st_mode & _OTHERS:
                raise Exposed(path, "other users may write in it: chmod go-w it")
            yield Folder(path, descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: str, new: str) -> None:
        """Within the folder."""
        os.replace(self._name(old), self._name(new), src_dir_fd=self._at, dst_dir_fd=self._at)

    def remove(self, name: str) -> None:
        """A file or a link."""
        os.unlink(self._name(name), dir_fd=self._at)

    def tighten(self, name: str) -> None:
        """Take from everybody else what they may do with a file of ours; other things are left alone."""
        status = self.status(name)
        if is_own_file(status) and status.st_mode & 0o077 and _AT:
            os.chmod(self._name(name), 0o600, dir_fd=self._at)

    def _name(self, name: str) -> str:
        return name if self._at is not None else str(self.path / name)


@contextmanager
def opened(path: Path, tighten: bool = False) -> Iterator[Folder]:
    """An existing folder of our own user, checked; `tighten`: others lose what they may do there, which is no fault.

    Raises Exposed, and other OSErrors where it is no folder or not there.
    """
    path = path.absolute()
    if _AT:
        _check_way(path)
    with Folder(path.parent, None).opened(str(path), tighten) as folder:
        yield folder


def make(path: Path, tighten: bool = True) -> None:
    """A folder of our own user and its parents, those that are new for its owner alone; raises OSError, Exposed.

    `tighten`: in one that is there already others lose what they may do.
    """
    for missing in reversed([place for place in (path, *path.parents) if not os.path.lexists(place)]):
        with suppress(FileExistsError):  # another process was faster
            missing.mkdir(mode=0o700)
    with opened(path, tighten):
        pass


def tighten(path: Path) -> None:
    """Make a folder and the files in it our own user's alone, where it is there. Raises OSError, Exposed."""
    if path.exists() or path.is_symlink():
        with opened(path, tighten=True) as folder:
            for name in folder.names():
                with suppress(FileNotFoundError):
                    folder.tighten(name)


def _check_way(path: Path) -> None:
    """Refuse a way to a folder on which another user could put a different one; links on it are gone along."""
    place, links = Path(path.anchor), 0
    waiting = [*reversed(path.parts[1:-1])]
    while waiting:
        part = waiting.pop()
        if part == "..":
            place = place.parent
            continue
        place /= part
        status = os.lstat(place)
        if status.st_uid not in (0, uid()):
            raise Exposed(path, f"another user owns {place}")
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            target = Path(os.readlink(place))
            waiting += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            place = Path(target.anchor) if target.is_absolute() else place.parent
        elif status.st_mode & _OTHERS and not status.st_mode & stat.S_ISVTX and not _only_ours(status):
            raise Exposed(path, f"other users may rename what is in {place}")


def _only_ours(status: os.stat_result) -> bool:
    """Whether the group that may write is the user's private one, as systems with umask 002 give it."""
    return not status.st_mode & stat.S_IWOTH and status.st_gid == _private_group()


@lru_cache(1)
def _private_group() -> int | None:
    """The group that has our user's name, is the user's own, and has no other member."""
    import grp  # not on Windows
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(user.pw_gid)
    except KeyError:  # a user without an entry, as in containers
        return None
    return group.gr_gid if group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name} else None
