"""libmpg123 writes what it thinks of a file to stderr, and libsndfile has no switch for that: its lines are dropped."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OWN = re.compile(rb"\[[^\]\n]*libmpg123/|Note: |Warning: (Xing|Cannot|Encountered|Real|Your|Using)|\n?Warning: ")

_lock = threading.Lock()


@contextmanager
def without_libmpg123() -> Iterator[None]:
    """Hold back what is written to file descriptor 2 meanwhile, then write what is not libmpg123's.

    Keep it short: other threads' lines wait too.
    """
    with _lock:
        try:
            real = os.dup(2)
        except OSError:  # a program without stderr
            yield
            return
        with tempfile.TemporaryFile() as held:
            with suppress(OSError, ValueError, AttributeError):
                sys.stderr.flush()
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                with suppress(OSError, ValueError, AttributeError):
                    sys.stderr.flush()
                os.dup2(real, 2)
                os.close(real)
                held.seek(0)
                others = [line for line in held.read().splitlines(keepends=True) if not OWN.match(line)]
                with suppress(OSError):
                    os.write(2, b"".join(others)) if any(line.strip() for line in others) else None
