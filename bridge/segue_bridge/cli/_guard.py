"""Every fault of a verb as one line on stderr and an exit code: 1 failure, 2 bad input, 130 interrupted."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import click

from segue_bridge.console import note
from segue_bridge.errors import SegueError

# The user gave nothing wrong, the machine or the installation failed; every other code is bad input.
FAILURES = frozenset(
    {"internal", "failed", "timeout", "no_daemon", "port_taken", "no_model", "no_extra"}
    | {"no_host", "host_running", "no_slot", "bad_host_file"}
)
INTERRUPTED = 130


def guarded(verb: Callable[[], Any]) -> int:
    """Exit code of `verb`, after telling its fault."""
    _attach()
    try:
        _check_folders()
        result = verb()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except Exception as fault:
        return _reported(fault)
    except KeyboardInterrupt as fault:
        return _reported(fault)


def _attach() -> None:
    """Make both streams there, as a shell or a service may have closed them, and let them write any character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # for as long as the program runs
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without ◀ shows ? instead of a traceback


def _check_folders() -> None:
    """Raise SegueError without a home, where "~" would become a folder here, and without a current folder."""
    if os.environ.get("HOME") == "":
        del os.environ["HOME"]  # it would stand for /
    if not os.path.isabs(os.path.expanduser("~")):
        raise SegueError("failed", "this user has no home folder for what Segue keeps: set HOME")
    try:
        os.getcwd()
    except OSError as fault:
        raise SegueError("failed", "the current folder is gone: change to another one") from fault


def _reported(fault: BaseException) -> int:
    if any(isinstance(cause, click.Abort | KeyboardInterrupt) for cause in _causes(fault)):
        note("segue: stopped")
        return INTERRUPTED
    if isinstance(fault, BrokenPipeError) or (isinstance(fault, OSError) and fault.filename is None):
        _silence_stdout()
    says, code = message(fault)
    if not isinstance(fault, BrokenPipeError):  # the reader has seen enough, as `head` does
        note(f"segue: {says}")
    return code


def message(fault: BaseException) -> tuple[str, int]:
    """What to say of a fault, and its exit code."""
    match fault:
        case SegueError():
            return str(fault), 1 if fault.code in FAILURES else 2
        case click.ClickException():
            return fault.format_message(), fault.exit_code
        case OSError():
            return _os_message(fault), 1
        case MemoryError():
            return "there is not enough memory: close other programs, or give a shorter recording", 1
        case ImportError():
            advice = "pip install --force-reinstall segue"
            return f"a part of Segue is missing or broken ({_line(fault)}): {advice}", 1
    return f"unexpected {type(fault).__name__}: {_line(fault)}; {_logged(fault)}", 1


def _os_message(fault: OSError) -> str:
    where = "" if fault.filename is None else f"{os.fsdecode(fault.filename)}: "
    return f"{where}{fault.strerror or fault}"


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault and what led to it: some libraries turn a Ctrl-C while they are imported into a fault of theirs."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


def _silence_stdout() -> None:
    """Python flushes stdout when it ends, and would complain a second time."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _line(fault: BaseException) -> str:
    return (str(fault).strip().splitlines() or ["no more is known"])[0][:300]


def _logged(fault: BaseException) -> str:
    """Keep the last unexpected fault where a report can quote it."""
    from segue_models.files import write
    from segue_models.paths import default_paths

    path = default_paths().cache / "fault.txt"
    text = "".join(traceback.format_exception(fault))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, f"{sys.argv}\n{text}".encode("utf-8", "backslashreplace"))
    except OSError:
        return f"please report it: {text.strip().splitlines()[-2].strip()}"
    return f"please report it with {path}"
