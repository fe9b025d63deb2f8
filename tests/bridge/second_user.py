"""Another user of the machine, for tests: code that runs in a child process under another uid."""

import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

UID = 65534  # nobody: every system has it, and it owns nothing


def can_switch() -> bool:
    """Whether this process may become another user."""
    return os.geteuid() == 0


def become(uid: int = UID) -> None:
    """This process is that user from now on, in no group but its own."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def as_other_user(act: Callable[[], Any], uid: int = UID) -> Any:
    """What `act` returns in a child process of that user; raises AssertionError with what it raised."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(read)
            become(uid)
            outcome = (True, act())
        except BaseException:
            outcome = (False, traceback.format_exc())
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    good, result = pickle.loads(content) if content else (False, "the child was killed")
    assert good, result
    return result


@contextmanager
def others_at_work(act: Callable[[int], Any], count: int = 1, uid: int = UID) -> Iterator[None]:
    """So many child processes of that user do `act(number)`, until the block ends; then they are killed."""
    children = []
    for number in range(count):
        child = os.fork()
        if not child:
            try:
                become(uid)
                act(number)
            finally:
                os._exit(0)
        children.append(child)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
