"""What every host's installer needs: our scripts as text, the spool, and the command that starts the daemon."""

import re
import shlex
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from segue_bridge import private, protocol, spool
from segue_bridge.errors import SegueError


def source(name: str) -> str:
    """A file of `host_scripts`, such as "lib/osc.lua": from the wheel, or from the checkout that runs without one."""
    packed = files("segue_bridge") / "host_scripts" / name
    if packed.is_file():
        return packed.read_text("utf-8")
    return (Path(__file__).parents[3] / "host_scripts" / name).read_text("utf-8")


def included(name: str, config: Callable[[], str]) -> str:
    """A Lua file in one piece: every `include "x"` replaced by what x.lua returns, `include "config"` by `config()`."""

    def content(match: re.Match[str]) -> str:
        return config() if match[1] == "config" else f"(function ()\n{included(match[1], config)}\nend) ()"

    return re.sub(r'include "([\w/]+)"', content, source(f"{name}.lua"))


def make_spool(host: str) -> Path:
    """The spool folder of a host, with what belongs into it. Raises SegueError "failed"."""
    folder = spool.default_spool(host)
    try:
        for place in (folder.parent, folder, *(folder / name for name in spool.SUBFOLDERS)):
            private.make(place)
    except OSError as fault:
        raise SegueError("failed", f"{folder} cannot be made ({fault.strerror}): make it, or free its place") from fault
    return folder


def start_command(folder: Path) -> str:
    """A shell command that starts the daemon in the background where none answers, and returns at once.

    The daemon then watches `folder`, also one that was started with other folders.

    Where it could not, the reason is left in `folder`/failed (not on Windows).
    """
    start = f"from segue_bridge.client import ensure_daemon; ensure_daemon({protocol.PORT}, spool={str(folder)!r})"
    if sys.platform == "win32":
        return f'start "" /b "{sys.executable}" -c "{start}"'
    place = shlex.quote(str(folder))
    # The DAW's own libraries are none of ours; what went wrong is for the script to show.
    return (
        f"(unset LD_LIBRARY_PATH PYTHONHOME PYTHONPATH; {shlex.quote(sys.executable)} -c {shlex.quote(start)} "
        f"2> {place}/start.log || mv {place}/start.log {place}/failed) > /dev/null < /dev/null &"
    )
