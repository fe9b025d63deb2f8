"""How the daemon ends: at a signal, at once, whatever its threads are at."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGTERM, signal.SIGINT)
MOST_SECONDS = 1.6  # from the signal to the end of the process


@contextmanager
def ends_at_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at SIGTERM or SIGINT; the process ends with 0 when the block is left, or after MOST_SECONDS.

    A thread of its own hears the signal, since Python runs handlers in the main thread alone, and only once that looks
    up from what it waits for. The process does not wait for threads inside libraries: one that still runs C++ code
    while Python takes itself apart aborts.
    """
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    heard = threading.Event()

    def hear() -> None:
        while number := ours.recv(1):
            if number[0] in SIGNALS:
                heard.set()
                stop()
                time.sleep(MOST_SECONDS)
                _leave()

    threading.Thread(target=hear, name="signals", daemon=True).start()
    wakeup = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    handlers = {name: signal.signal(name, lambda *_: None) for name in SIGNALS}
    try:
        yield
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)
        signal.set_wakeup_fd(wakeup)
        pythons.close()
    if heard.is_set():
        _leave()


def _leave() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(0)
