"""A home folder for the Audacity of the tests: its configuration, and a command pipe that no other Audacity has."""

import os
import re
import secrets
import subprocess
import time
from pathlib import Path

MODULE = Path("/usr/lib/audacity/modules/mod-script-pipe.so")
PIPE = b"/tmp/audacity_script_pipe.%s.%d"  # in the module: one Audacity a user, for ever the same names

# Without its own [Version] and [ModuleDateTime] Audacity takes the module for new, which is off, and shows its welcome.
CONFIG = """PrefsVersion=1.1.1r1
[Version]
Major={major}
Minor={minor}
Micro={micro}
[Directories]
TempDir={temporary}
[Module]
mod-script-pipe=0
mod-segue-pipe=1
[ModulePath]
mod-script-pipe={module}
mod-segue-pipe={ours}
[ModuleDateTime]
mod-script-pipe={module_time}
mod-segue-pipe={ours_time}
[GUI]
ShowSplashScreen=0
"""


def pipe() -> str:
    """Where the names of a command pipe may begin, as long as the module's own."""
    return f"/tmp/segue_{secrets.token_hex(7)}"


def write(home: Path, temporary: Path, pipe: str) -> None:
    """Configure Audacity, with a copy of the module that names other files."""
    config, modules = home / ".config" / "audacity", home / ".audacity-files" / "modules"
    for folder in (config, modules):
        folder.mkdir(parents=True, exist_ok=True)
    ours = modules / "mod-segue-pipe.so"
    code, ending = MODULE.read_bytes(), PIPE[-6:]
    assert code.count(PIPE) == 1 and len(pipe) == len(PIPE) - len(ending)
    ours.write_bytes(code.replace(PIPE, os.fsencode(pipe) + ending))
    numbers = dict(zip(("major", "minor", "micro"), version(), strict=True))
    values = {**numbers, "temporary": temporary, "module": MODULE, "ours": ours}
    times = {"module_time": _time_of(MODULE), "ours_time": _time_of(ours)}
    (config / "audacity.cfg").write_text(CONFIG.format(**values, **times))


def version() -> tuple[str, ...]:
    """The numbers of the installed Audacity, as Debian knows it; such as 3.7.3."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "audacity"], capture_output=True, text=True)
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return match.groups() if match else ("3", "2", "4")


def _time_of(path: Path) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(path.stat().st_mtime))
