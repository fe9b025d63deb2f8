"""What Segue keeps on this machine is for its user alone: data, results, previews, spool and log."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from segue_bridge import private, spool
from segue_bridge.errors import SegueError
from segue_bridge.result_cache import cache_root

CACHED = ("results", "scored", "heard", "previews", "hashes", "made")


def up() -> None:
    """Make our folders where they are missing, and take from others what earlier versions left them.

    Raises SegueError "failed" where one belongs to another user.
    """
    data = Path(platformdirs.user_data_dir("segue", appauthor=False))
    cache = cache_root()
    try:
        for folder in (data, cache):
            private.make(folder)
            private.tighten(folder)
        for folder in (data / "models", spool.spool_root(), *(cache / name for name in CACHED)):
            private.tighten(folder)
    except private.Exposed as fault:
        raise SegueError("failed", f"{fault.filename} is not yours alone ({fault.strerror}): move it away") from fault
    except OSError:  # a full or read-only disk: what needs it says so
        pass


@contextmanager
def private_files() -> Iterator[None]:
    """Every file made meanwhile can be read by its owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
