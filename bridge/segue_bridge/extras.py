"""Verbs that need more than the base install."""

from collections.abc import Iterator
from contextlib import contextmanager

from segue_bridge.errors import SegueError


@contextmanager
def needs(extra: str, verb: str) -> Iterator[None]:
    """Turn a missing package into the line that installs it, and a ValueError of our own code into bad input."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("segue_"):
            raise
        package = (missing.name or "a package").partition(".")[0]
        raise SegueError("no_extra", f'segue {verb} needs {package}: pip install "segue[{extra}]"') from missing
    except ValueError as fault:
        raise SegueError("bad_value", str(fault)) from fault
