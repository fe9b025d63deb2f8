"""REAPER 6.74 and later: our Lua scripts go into `Scripts/Segue`, and their actions into `reaper-kb.ini`.

`reaper-kb.ini` holds the user's scripts (SCR), custom actions (ACT) and keys (KEY), one a line; all but our SCR lines
stay byte for byte. The layout below `Scripts/Segue` is that of ReaPack's, so one replaces the other. `config.lua` lists
what each of our files is known by; one that is not listed is the user's.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from segue_bridge import meeting, protocol, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _files as files
from segue_bridge.hosts import _scripts as scripts

MAIN = "reaper/segue_mark_cuts.lua"  # its head lists all other files, for ReaPack and for us
TO_DO = (
    "Start REAPER, select an audio item, open Actions > Show action list, and run segue_mark_cuts; "
    "there you can also give our actions keys."
)

CONFIG = "config.lua"

_CONFIG_HEAD = b"-- Written by `segue install reaper`."
_PLACE = "Segue"  # below Scripts, as is the name of our ReaPack repository
_PROVIDED = re.compile(r"^--   \[(main|nomain)\] (\S+)$", re.M)
_OURS = re.compile(rb'^SCR \d+ (\d+) RS(\S+) (?:"[^"\r\n]*"|\S+) "?(Segue/reaper/segue_\w+\.lua)"?[ \t\r]*$', re.M)


def install(config: Path | None = None) -> list[str]:
    """Put the scripts into REAPER's resource folder and its list of actions; returns what the user must still do.

    `config`: the resource folder, such as ~/.config/REAPER. Raises SegueError "no_host" where there is none,
    "host_running", or "failed" where a file cannot be written.
    """
    folder = _folder(config)
    _refuse_while_running(folder)
    scripts.make_spool("reaper")
    place, is_ours = folder / "Scripts" / _PLACE, _known(folder)
    kept = [line for name, content in _contents().items() for line in files.put(place / name, content, is_ours)]
    _write_actions(folder, _with_ours(_read_actions(folder)))
    return [f"{folder}: {len(_actions())} actions are in place.", *kept, TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our files and actions out again; returns what was done. Raises SegueError as `install` does.

    Keys that the user gave our actions stay in the file: they work again after the next `install`.
    """
    folder = _folder(config)
    _refuse_while_running(folder)
    old = _read_actions(folder)
    place, is_ours = folder / "Scripts" / _PLACE, _known(folder)
    _write_actions(folder, _without(old))
    removed = [files.remove(place / name, is_ours) for name in _contents()]
    files.remove_empty(place / "reaper", place / "lib", place)
    was_here = any(removed) or _OURS.search(old) is not None
    return [f"{folder}: Segue's actions are {'removed' if was_here else 'not here'}."]


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host" or "bad_host_file"."""
    folder = _folder(config)
    place = folder / "Scripts" / _PLACE
    registered = {match[3].decode() for match in _OURS.finditer(_read_actions(folder))}
    found = {name: files.read(place / name) for name in _contents()}
    if not registered and found[MAIN] is None:
        return "actions are missing, run `segue install reaper`"
    if found == _contents() and registered >= {f"{_PLACE}/{name}" for name in _actions()}:
        return "actions are in place"
    return "actions are of another version, run `segue install reaper`"


def _known(folder: Path) -> Callable[[bytes], bool]:
    """Tells our files from the user's: those that this version brings, or the one that is installed has brought."""
    listed = files.read(folder / "Scripts" / _PLACE / CONFIG) or b""
    ours = set(_contents().values())

    def is_ours(content: bytes) -> bool:
        if content.startswith(_CONFIG_HEAD):
            return files.seal_holds(content) is not False
        return content in ours or files.digest(content).encode() in listed

    return is_ours


def _provided() -> dict[str, str]:
    """Every file of ours below `host_scripts`, and whether it is an action ("main") or not ("nomain")."""
    listed = {os.path.normpath(f"reaper/{name}"): kind for kind, name in _PROVIDED.findall(scripts.source(MAIN))}
    return {MAIN: "main", **{name.replace(os.sep, "/"): kind for name, kind in listed.items()}}


def _actions() -> list[str]:
    return [name for name, kind in _provided().items() if kind == "main"]


def _contents() -> dict[str, bytes]:
    """Our files below `Scripts/Segue`."""
    folder = spool.default_spool("reaper")
    values = {
        "spool": str(folder),
        "daemons": str(meeting.folder()),
        "start": scripts.start_command(folder),
        "port": protocol.PORT,
    }
    # A JSON string is a Lua string.
    lines = [f"  {key} = {json.dumps(value, ensure_ascii=False)},\n" for key, value in values.items()]
    contents = {name: scripts.source(name).encode() for name in _provided()}
    listed = "".join(f"-- {files.digest(content)} {name}\n" for name, content in contents.items())
    config = f"{_CONFIG_HEAD.decode()} {files.SEAL}\n{listed}return {{\n{''.join(lines)}}}\n"
    return {**contents, CONFIG: files.sealed(config.encode())}


def _folder(config: Path | None) -> Path:
    """REAPER's resource folder."""
    home = Path.home()
    if config:
        folder = config
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support" / "REAPER"
    elif sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"
    else:
        folder = home / ".config" / "REAPER"
    if not folder.is_dir():
        raise SegueError("no_host", f"no REAPER at {folder}: install REAPER, start it once, then run this again")
    return folder


def _refuse_while_running(folder: Path) -> None:
    """A running REAPER would overwrite its list of actions with what it has in memory. Seen on Linux alone."""
    if not sys.platform.startswith("linux"):
        return
    for process in Path("/proc").iterdir():
        try:
            if os.path.basename(os.readlink(process / "exe")) != "reaper":
                continue
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # no process, not ours, or gone by now
            continue
        home = next((variable[5:] for variable in variables if variable.startswith(b"HOME=")), b"")
        if os.path.realpath(os.path.join(home, b".config", b"REAPER")) == os.fsencode(folder.resolve()):
            raise SegueError("host_running", "REAPER is running: save your project, close REAPER, then run this again")


def _command_id(path: str) -> str:
    """What REAPER itself would call the script, so that keys and toolbars find it however it was installed."""
    return hashlib.sha1(path.upper().encode()).hexdigest()


def _with_ours(old: bytes) -> bytes:
    """The list of actions with ours in front, where REAPER, too, has its scripts; lines that are there stay."""
    wanted = {path: _command_id(path) for path in (f"{_PLACE}/{name}" for name in _actions())}
    kept = _without(old, keep={path.encode() for path in wanted})
    there = {match[3].decode() for match in _OURS.finditer(kept) if match[1] == b"0"}
    end = "\r\n" if b"\r\n" in old or (not old and sys.platform == "win32") else "\n"
    new = "".join(
        f'SCR 4 0 RS{number} "Custom: {path.rpartition("/")[2]}" {path}{end}'
        for path, number in wanted.items()
        if path not in there
    )
    return new.encode() + kept


def _without(old: bytes, keep: frozenset[bytes] | set[bytes] = frozenset()) -> bytes:
    """The list of actions without our scripts, except the paths in `keep`."""

    def is_gone(line: bytes) -> bool:
        match = _OURS.match(line)
        return match is not None and match[3] not in keep

    return b"".join(line for line in old.splitlines(keepends=True) if not is_gone(line))


def _read_actions(folder: Path) -> bytes:
    return files.read(folder / "reaper-kb.ini") or b""


def _write_actions(folder: Path, new: bytes) -> None:
    """Put the list of actions in place; of one in which nothing of ours was a copy is kept."""
    old = _read_actions(folder)
    if new == old:
        return
    if not _OURS.search(old):
        files.keep(folder / "reaper-kb.ini")
    files.write(folder / "reaper-kb.ini", new)
