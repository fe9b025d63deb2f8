"""The daemon's log: `daemon.log` in Segue's cache, which never grows beyond a limit, and stderr beside it.

Each file holds LIMIT bytes at most; when it is full it becomes `daemon.log.1`. What is written to stderr never makes
the daemon wait for a reader, and ends after LIMIT bytes where stderr is a file: such a file only grows.
"""

import logging
import os
import select
import shutil
import stat
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from segue_bridge import private
from segue_bridge.result_cache import cache_root

LIMIT = 2_000_000  # bytes of one file
LINE = 2_000  # characters of a line; a traceback is one


def path() -> Path:
    """The newest part of the log."""
    return cache_root() / "daemon.log"


def start() -> None:
    """Send all log lines of this process there from now on, where nobody has taken them before."""
    if logging.getLogger().handlers:
        return
    logging.raiseExceptions = False  # a full disk must not fill stderr
    handlers: list[logging.Handler] = []
    try:
        private.make(path().parent)
        handlers.append(_File(path(), maxBytes=LIMIT, backupCount=1, encoding="utf-8", errors="replace"))
    except OSError:  # stderr is all there is
        pass
    if not (handlers and _is_stderr(path())):
        handlers.append(_Stderr(sys.stderr))
    for handler in handlers:
        handler.setFormatter(_Short("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=handlers)


class _Short(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return line if len(line) <= LINE else f"{line[: LINE // 4]} … {line[-3 * LINE // 4 :]}"  # the end says most


class _File(RotatingFileHandler):
    """The file is emptied, not renamed: a daemon that was started detached has it as its stderr too."""

    def rotate(self, source: str, dest: str) -> None:
        shutil.copyfile(source, dest)
        os.truncate(source, 0)


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # the class takes no argument at run time in 3.11
    """Drops lines that nobody takes."""

    written = 0

    def emit(self, record: logging.LogRecord) -> None:
        if _takes(self.stream.fileno(), self.written):
            self.written += len(self.format(record)) + 1
            super().emit(record)


def _takes(file: int, written: int) -> bool:
    """Whether a line can be written at once; a file takes LIMIT bytes."""
    with suppress(OSError, ValueError):
        if stat.S_ISREG(os.fstat(file).st_mode):
            return written < LIMIT
        return sys.platform == "win32" or bool(select.select([], [file], [], 0)[1])
    return False


def _is_stderr(name: Path) -> bool:
    """Whether stderr is that file; then it is opened for appending, as the log's own handle is."""
    try:
        same = os.path.samestat(os.fstat(sys.stderr.fileno()), name.stat())
        if same:
            file = os.open(name, os.O_WRONLY | os.O_APPEND)
            os.dup2(file, sys.stderr.fileno())
            os.close(file)
    except (OSError, ValueError, AttributeError):  # no stderr at all, or one that is no file
        return False
    return same
