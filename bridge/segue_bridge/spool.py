"""The spool: OSC packets in a folder, for hosts whose scripts cannot receive UDP.

A spool folder holds `to_daemon/` and `to_host/`. Each file `*.osc` in them holds one or more OSC packets, each behind
its length in bytes (int32, big-endian); the daemon frames single messages, no bundles, and puts a whole counted set in
one file. Files are written as `*.tmp`, then renamed; names sort by time; the reader deletes what it has read.
`daemon.alive` holds the daemon's pid, protocol and time (Unix seconds) on one line, new every second while it lives.
"""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import platformdirs

from segue_bridge import PROTOCOL, osc

INTERVAL = 0.05  # seconds between two looks at the folders
FILE_LIMIT = 1 << 20  # bytes; the longest thing a host says is a path
SETTLED = 1.0  # seconds after which an empty file is no file that is being written
STALE_AFTER = 3600.0  # seconds; what nobody fetched in that time has no reader any more

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
    name = folder / f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers):06d}"
    temporary = name.with_suffix(".tmp")
    try:
        temporary.write_bytes(osc.frame(packets))
        os.replace(temporary, name.with_suffix(".osc"))
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def take(folder: Path) -> list[bytes]:
    """Contents of the files of `to_daemon` or `to_host`, oldest first, which are deleted.

    A file above FILE_LIMIT comes as b"". Raises FileNotFoundError where the folder is gone.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.path for entry in entries if entry.name.endswith(".osc") and not _just_begun(entry))
    contents = []
    for name in names:
        claimed = name[:-4] + ".taken"
        with suppress(OSError):  # another reader was faster
            os.replace(name, claimed)
            try:
                contents.append(Path(claimed).read_bytes() if os.path.getsize(claimed) <= FILE_LIMIT else b"")
            finally:
                os.unlink(claimed)
    return contents


def _just_begun(entry: os.DirEntry[str]) -> bool:
    """An empty file that a host may be writing: Nyquist cannot rename."""
    try:
        stat = entry.stat()
    except OSError:
        return False
    return stat.st_size == 0 and time.time() - stat.st_mtime < SETTLED


class Watch:
    """Looks into spool folders 20 times a second and hands over what hosts put there.

    handle(content, folder) is called in the watching thread with each file's bytes. `root`: every folder in it is
    watched; more are added by `add`.
    """

    def __init__(self, handle: Callable[[bytes, Path], None], root: Path | None) -> None:
        self._handle = handle
        self._root = root
        self._folders: set[Path] = set()
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
        for folder in self._folders:
            with suppress(OSError):
                (folder / "daemon.alive").unlink()

    def add(self, folder: Path) -> None:
        """Watch this folder too. Raises OSError where it is gone or not writable."""
        with self._lock:
            (folder / "to_daemon").mkdir(exist_ok=True)
            (folder / "to_host").mkdir(exist_ok=True)
            if folder not in self._folders:
                _say_alive(folder)
                self._folders.add(folder)

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._stop.wait(INTERVAL):
            for folder in tuple(self._folders):
                self._take(folder)
            if time.monotonic() - looked >= 1.0:
                looked = time.monotonic()
                self._look_around()

    def _take(self, folder: Path) -> None:
        try:
            for content in take(folder / "to_daemon"):
                self._handle(content, folder)
        except OSError as fault:
            self._forget_if_gone(folder, fault)
        except Exception:
            _log.exception("a packet in %s failed", folder)

    def _look_around(self) -> None:
        """Once a second: say alive, find new folders below the root, drop what nobody reads any more."""
        for folder in tuple(self._folders):
            try:
                _say_alive(folder)
                _drop_stale(folder / "to_host")
                _drop_stale(folder / "to_daemon")
            except OSError as fault:
                self._forget_if_gone(folder, fault)
        for folder in _subfolders(self._root):
            with suppress(OSError):
                self.add(folder)

    def _forget_if_gone(self, folder: Path, fault: OSError) -> None:
        if (folder / "to_daemon").is_dir() and (folder / "to_host").is_dir():
            return  # a full disk, or a reader on Windows that has the file open: it passes
        _log.warning("the spool %s is not watched any more: %s", folder, fault)
        with self._lock:
            self._folders.discard(folder)


def _say_alive(folder: Path) -> None:
    temporary = folder / f"daemon.alive.{os.getpid()}.tmp"
    temporary.write_text(f"{os.getpid()} {PROTOCOL} {int(time.time())}\n", encoding="ascii")
    os.replace(temporary, folder / "daemon.alive")


def _subfolders(root: Path | None) -> list[Path]:
    try:
        return [folder for folder in root.iterdir() if folder.is_dir()] if root else []
    except OSError:  # no root yet: no host was installed
        return []


def _drop_stale(folder: Path) -> None:
    oldest = time.time() - STALE_AFTER
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)
