"""The first code of the program `segue`: from here on Ctrl-C is one line, also while everything else is imported."""

import os
from signal import SIG_DFL, SIG_IGN, SIGINT, default_int_handler, getsignal, signal
from typing import Any


def main() -> None:
    """Run `segue` and leave the process with its exit code."""
    if getsignal(SIGINT) is not SIG_IGN:  # as for what a script starts in the background
        signal(SIGINT, _leave)
    from segue_bridge.cli import main as run

    if getsignal(SIGINT) is _leave:
        signal(SIGINT, default_int_handler)
    try:
        run(prog_name="segue")
    except KeyboardInterrupt:
        _leave()
    finally:
        if getsignal(SIGINT) is default_int_handler:
            signal(SIGINT, SIG_DFL)  # what is told is told: Python's own last steps would add a traceback


def _leave(*_: Any) -> None:
    """End at once: nothing is begun that would have to be undone."""
    try:
        os.write(2, b"segue: stopped\n")
    finally:
        os._exit(130)
