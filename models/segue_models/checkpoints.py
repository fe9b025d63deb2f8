"""Where long work can be stopped: its loops call `checkpoint`, which raises what the check of the caller raises."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Check = Callable[[], None]

POLL_SECONDS = 0.05
_check: ContextVar[Check | None] = ContextVar("check", default=None)


@contextmanager
def checked(check: Check) -> Iterator[None]:
    """Within, in this thread, every `checkpoint` calls the check, which raises where the work is to stop."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def checkpoint() -> None:
    """Go on, or raise what stops the work."""
    check = _check.get()
    if check is not None:
        check()


@contextmanager
def watched(stop: Callable[[], None]) -> Iterator[None]:
    """Within, `stop` is called from another thread once the work is to stop: for calls that have no loop of ours."""
    check, done = _check.get(), threading.Event()

    def watch(check: Check) -> None:
        while not done.wait(POLL_SECONDS):
            try:
                check()
            except BaseException:  # whatever the check raises, the thread at work raises it again at its checkpoint
                stop()
                return

    thread = threading.Thread(target=watch, args=(check,), daemon=True) if check is not None else None
    if thread is not None:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if thread is not None:
            thread.join()
