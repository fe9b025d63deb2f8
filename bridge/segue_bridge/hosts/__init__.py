"""Where each DAW keeps its scripts, and how ours get there: the file name is the host's name.

A host module has three functions; `config` is the DAW's configuration folder, None for the usual place.

- `install(config=None) -> list[str]`: puts the scripts there; returns what was done and what the user must still do
- `uninstall(config=None) -> list[str]`: takes exactly ours away again
- `status(config=None) -> str`: one line for `segue doctor`

All raise SegueError with one sentence that says what to do.
"""

from typing import Protocol, cast

from segue_bridge.errors import SegueError
from segue_models import registry


class Host(Protocol):
    """What a module in this folder offers."""

    def install(self) -> list[str]:
        """Put our scripts where the DAW looks for them."""

    def uninstall(self) -> list[str]:
        """Take our scripts away again."""

    def status(self) -> str:
        """One line that says whether the DAW and our scripts are there."""


def names() -> list[str]:
    """The hosts we have scripts for."""
    return registry.names(__name__)


def find(name: str) -> Host:
    """The host of that name; raises SegueError for any other."""
    if name not in names():
        raise SegueError("bad_host", f"There are no scripts for '{name}': choose one of {', '.join(names())}.")
    return cast(Host, registry.load(__name__, name))
