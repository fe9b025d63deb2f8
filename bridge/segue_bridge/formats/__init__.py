"""Output formats of `segue mark`: one file each, found by its name.

A format is a module with `SUFFIX` (of its files) and `render(analysis) -> bytes`. `BINARY = True` says that it is
nothing to read in a terminal; one that may be larger than memory has `blocks(analysis)`, the same bytes piece by
piece. Heavy imports stay inside these functions.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis
from segue_models import registry


def names() -> list[str]:
    """Every format, in alphabetical order."""
    return registry.names(__name__)


def render(name: str, analysis: Analysis) -> bytes:
    """The analysis in the format `name`, as the bytes of its file."""
    return cast(bytes, registry.load(__name__, name).render(analysis))


def blocks(name: str, analysis: Analysis) -> Iterable[bytes]:
    """What `render` returns, piece by piece."""
    module = registry.load(__name__, name)
    return cast(Iterable[bytes], module.blocks(analysis) if hasattr(module, "blocks") else [module.render(analysis)])


def suffix(name: str) -> str:
    """The suffix of the format's files, with its dot."""
    return cast(str, registry.load(__name__, name).SUFFIX)


def is_binary(name: str) -> bool:
    """Whether the format is nothing to read in a terminal."""
    return bool(getattr(registry.load(__name__, name), "BINARY", False))


def for_path(path: Path) -> str:
    """The format that a file name asks for, the longest suffix first; raises SegueError where it asks for none."""
    fitting = [name for name in names() if path.name.lower().endswith(suffix(name))]
    if fitting:
        return max(fitting, key=lambda name: len(suffix(name)))
    known = ", ".join(f"{suffix(name)} ({name})" for name in names())
    raise SegueError(
        "bad_output", f"{path} does not say which format you want: end it with one of {known}, or add --format"
    )
