"""The spool: OSC packets in a folder, for hosts whose scripts cannot receive UDP.

A spool folder holds `to_daemon/` and `to_host/`. Each file `*.osc` in them holds one or more OSC packets, each behind
its length in bytes (int32, big-endian); the daemon frames single messages, no bundles, and puts a whole counted set in
one file. Files are written as `*.tmp`, then renamed; names sort by time; the reader deletes what it has read.
`daemon.alive` holds the daemon's pid, protocol and time (Unix seconds) on one line, new every second while it lives.

Only folders and files of our own user count, reached without following a link (private.py).
"""

import errno
import itertools
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from segue_bridge import PROTOCOL, osc, private

INTERVAL = 0.05  # seconds between two looks at the folders
FILE_LIMIT = 1 << 20  # bytes; the longest thing a host says is a path
SETTLED = 1.0  # seconds after which an empty file is no file that is being written
STALE_AFTER = 3600.0  # seconds; what nobody fetched in that time has no reader any more
SPOOLS = 64  # folders that are watched at most below the root, and as many elsewhere
ROUND = 64  # files that are taken from one folder before the others have their turn
SWEEP = 60.0  # seconds between two looks for what is stale
REST = 10  # times as long as a folder took to list it is not listed again

SUBFOLDERS = ("to_daemon", "to_host")
# What may be deleted when it is old: packets, and what we ourselves left half written or half taken.
_OURS = re.compile(r"[\w-]+\.osc|\d{20}-\d+-\d{6}\.(tmp|taken)", re.ASCII)

_log = logging.getLogger(__name__)
_numbers = itertools.count()


def spool_root() -> Path:
    """Folder of the spool folders that the daemon watches by itself."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "spool"


def default_spool(host: str) -> Path:
    """Spool folder of a DAW, such as "ardour"; not made here."""
    return spool_root() / host


def write(folder: Path, packets: Iterable[bytes]) -> None:
    """Put packets into one new file of `to_daemon` or `to_host`. Raises OSError where that cannot be done."""
    name = _new_name()
    with _opened(folder) as place:
        try:
            place.write(f"{name}.tmp", osc.frame(packets))
            place.rename(f"{name}.tmp", f"{name}.osc")
        except OSError:
            with suppress(OSError):
                place.remove(f"{name}.tmp")
            raise


def take(folder: Path) -> list[bytes]:
    """Contents of all files of `to_daemon` or `to_host`, oldest first, which are deleted.

    A file above FILE_LIMIT comes as b"". Raises FileNotFoundError where the folder is gone.
    """
    with _opened(folder) as place:
        return _taken(place, sorted(_waiting(place)))


class Spool:
    """One spool folder, as the daemon looks after it. Every method raises OSError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: deque[str] = deque()  # of files that wait in to_daemon, oldest first
        self._next_look = self._next_sweep = 0.0

    def take(self) -> list[bytes]:
        """Contents of the next files of `to_daemon`, at most ROUND; see `take`."""
        with _opened(self._path / "to_daemon") as folder:
            if not self._names and time.monotonic() >= self._next_look:
                began = time.monotonic()
                self._names.extend(sorted(_waiting(folder)))
                self._next_look = time.monotonic() + REST * (time.monotonic() - began)
            return _taken(folder, [self._names.popleft() for _ in range(min(ROUND, len(self._names)))])

    def keep(self) -> None:
        """Say alive; now and then drop what nobody reads any more."""
        with private.opened(self._path) as folder:
            folder.replace("daemon.alive", b"%d %d %d\n" % (os.getpid(), PROTOCOL, time.time()))
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP
            for name in SUBFOLDERS:
                _drop_stale(self._path / name)


class Watch:
    """Looks into spool folders 20 times a second and hands over what hosts put there.

    handle(content, folder) is called in the watching thread with each file's bytes. `root`: every folder in it is
    watched; more are added by `add`.
    """

    def __init__(self, handle: Callable[[bytes, Path], None], root: Path | None) -> None:
        self._handle = handle
        self._root = root
        self._folders: dict[Path, Spool] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._look_around()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove `daemon.alive`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        for path in self._folders:
            with suppress(OSError), private.opened(path) as folder:
                folder.remove("daemon.alive")

    def add(self, path: Path) -> None:
        """Watch this folder too. Raises OSError where it is gone, not writable, not ours alone, or one too many."""
        ours = path.parent == self._root
        with self._lock:
            new = path not in self._folders
            if new and sum((other.parent == self._root) == ours for other in self._folders) >= SPOOLS:
                raise OSError(errno.EMFILE, f"{SPOOLS} spools are watched already: delete those of no use", str(path))
            with private.opened(path, tighten=ours) as folder:
                for name in SUBFOLDERS:
                    folder.make(name, tighten=ours)
            if new:
                spool = Spool(path)
                spool.keep()
                self._folders[path] = spool

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._stop.wait(INTERVAL):
            for path, spool in tuple(self._folders.items()):
                self._take(path, spool)
            if time.monotonic() - looked >= 1.0:
                looked = time.monotonic()
                self._look_around()

    def _take(self, path: Path, spool: Spool) -> None:
        try:
            for content in spool.take():
                self._handle(content, path)
        except OSError as fault:
            self._forget_if_gone(path, fault)
        except Exception:
            _log.exception("a packet in %r failed", str(path))

    def _look_around(self) -> None:
        """Once a second: say alive, find new folders below the root, drop what nobody reads any more."""
        for path, spool in tuple(self._folders.items()):
            try:
                spool.keep()
            except OSError as fault:
                self._forget_if_gone(path, fault)
        for path in _below(self._root):
            with suppress(OSError):
                self.add(path)

    def _forget_if_gone(self, path: Path, fault: OSError) -> None:
        if not isinstance(fault, private.Exposed | FileNotFoundError | NotADirectoryError):
            return  # a full disk, or a reader on Windows that has the file open: it passes
        _log.warning("the spool %r is not watched any more: %s", str(path), fault.strerror)
        with self._lock:
            self._folders.pop(path, None)


@contextmanager
def _opened(path: Path) -> Iterator[private.Folder]:
    """`to_daemon` or `to_host`, in a spool that is no link either."""
    with private.opened(path.parent) as spool, spool.opened(path.name) as folder:
        yield folder


def _new_name() -> str:
    return f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers) % 10**6:06d}"


def _waiting(folder: private.Folder) -> Iterable[str]:
    return (name for name in folder.names() if name.endswith(".osc"))


def _taken(folder: private.Folder, names: Iterable[str]) -> list[bytes]:
    """Contents of the files among these; what is no file of ours is passed over."""
    contents = []
    for name in names:
        with suppress(OSError):  # another reader was faster
            status = folder.status(name)
            if not private.is_own_file(status) or _just_begun(status):
                continue
            claimed = f"{_new_name()}.taken"
            folder.rename(name, claimed)
            try:
                contents.append(folder.read(claimed, FILE_LIMIT) or b"")
            finally:
                folder.remove(claimed)
    return contents


def _just_begun(status: os.stat_result) -> bool:
    """An empty file that a host may be writing: Nyquist cannot rename."""
    return status.st_size == 0 and time.time() - status.st_mtime < SETTLED


def _below(root: Path | None) -> list[Path]:
    if root is None:
        return []
    try:
        with private.opened(root, tighten=True) as folder:
            return [root / name for name in sorted(folder.names())]
    except OSError:  # no root yet: no host was installed
        return []


def _drop_stale(path: Path) -> None:
    """Delete the packets that nobody has fetched for long; every other file is no business of ours."""
    oldest = time.time() - STALE_AFTER
    with _opened(path) as folder:
        for name in folder.names():
            with suppress(OSError):
                if not _OURS.fullmatch(name):
                    continue
                status = folder.status(name)
                if private.is_own_file(status) and status.st_mtime < oldest:
                    folder.remove(name)
