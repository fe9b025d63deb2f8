"""Output formats of `segue mark`: one file each, found by its name.

A format is a module with `SUFFIX` (of its files) and `render(analysis) -> bytes`. Heavy imports stay inside `render`.
"""

from pathlib import Path
from typing import cast

from segue_bridge import registry
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis


def names() -> list[str]:
    """Every format, in alphabetical order."""
    return registry.names(__name__)


def render(name: str, analysis: Analysis) -> bytes:
    """The analysis in the format `name`, as the bytes of its file."""
    return cast(bytes, registry.load(__name__, name).render(analysis))


def suffix(name: str) -> str:
    """The suffix of the format's files, with its dot."""
    return cast(str, registry.load(__name__, name).SUFFIX)


def for_path(path: Path) -> str:
    """The format that a file name asks for; raises SegueError where its suffix says nothing."""
    for name in names():
        if path.suffix.lower() == suffix(name):
            return name
    known = ", ".join(suffix(name) for name in names())
    raise SegueError(
        "bad_output", f"{path} does not say which format you want: end it with one of {known}, or add --format"
    )
