"""REAPER 6.74 and later: our Lua scripts go into `Scripts/Segue`, and their actions into `reaper-kb.ini`.

`reaper-kb.ini` holds the user's scripts (SCR), custom actions (ACT) and keys (KEY), one a line; all but our SCR lines
stay byte for byte. The layout below `Scripts/Segue` is that of ReaPack's, so one replaces the other.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

from segue_bridge import protocol, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _scripts as scripts

MAIN = "reaper/segue_mark_cuts.lua"  # its head lists all other files, for ReaPack and for us
TO_DO = (
    "Start REAPER, select an audio item, open Actions > Show action list, and run segue_mark_cuts; "
    "there you can also give our actions keys."
)

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
    for name, content in _contents().items():
        scripts.write(folder / "Scripts" / _PLACE / name, content)
    _write_actions(folder, _with_ours(_read_actions(folder)))
    return [f"{folder}: {len(_actions())} actions are in place.", TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our files and actions out again; returns what was done. Raises SegueError as `install` does.

    Keys that the user gave our actions stay in the file: they work again after the next `install`.
    """
    folder = _folder(config)
    _refuse_while_running(folder)
    old = _read_actions(folder)
    place = folder / "Scripts" / _PLACE
    was_here = (place / MAIN).is_file() or _OURS.search(old) is not None
    _write_actions(folder, _without(old))
    try:
        for name in _contents():
            (place / name).unlink(missing_ok=True)
        for emptied in (place / "reaper", place / "lib", place):
            if emptied.is_dir() and not any(emptied.iterdir()):
                emptied.rmdir()
    except OSError as fault:
        raise SegueError("failed", f"{fault.filename} cannot be removed ({fault.strerror}): allow it") from fault
    return [f"{folder}: Segue's actions are {'removed' if was_here else 'not here'}."]


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host"."""
    folder = _folder(config)
    place = folder / "Scripts" / _PLACE
    registered = {match[3].decode() for match in _OURS.finditer(_read_actions(folder))}
    if not registered and not (place / MAIN).is_file():
        return "actions are missing, run `segue install reaper`"
    contents = _contents()
    same = all((place / name).is_file() and (place / name).read_bytes() == new for name, new in contents.items())
    if same and registered >= {f"{_PLACE}/{name}" for name in _actions()}:
        return "actions are in place"
    return "actions are of another version, run `segue install reaper`"


def _provided() -> dict[str, str]:
    """Every file of ours below `host_scripts`, and whether it is an action ("main") or not ("nomain")."""
    listed = {os.path.normpath(f"reaper/{name}"): kind for kind, name in _PROVIDED.findall(scripts.source(MAIN))}
    return {MAIN: "main", **{name.replace(os.sep, "/"): kind for name, kind in listed.items()}}


def _actions() -> list[str]:
    return [name for name, kind in _provided().items() if kind == "main"]


def _contents() -> dict[str, bytes]:
    """Our files below `Scripts/Segue`."""
    folder = spool.default_spool("reaper")
    values = {"spool": str(folder), "start": scripts.start_command(folder), "port": protocol.PORT}
    # A JSON string is a Lua string.
    lines = [f"  {key} = {json.dumps(value, ensure_ascii=False)},\n" for key, value in values.items()]
    config = f"-- Written by `segue install reaper`.\nreturn {{\n{''.join(lines)}}}\n"
    return {**{name: scripts.source(name).encode() for name in _provided()}, "config.lua": config.encode()}


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
    try:
        return (folder / "reaper-kb.ini").read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as fault:
        raise SegueError("failed", f"{folder / 'reaper-kb.ini'} cannot be read ({fault.strerror}): allow it") from fault


def _write_actions(folder: Path, new: bytes) -> None:
    """Put the list of actions in place; as it was it goes to `reaper-kb.ini.before-segue`."""
    old = _read_actions(folder)
    if new == old:
        return
    if old:
        scripts.write(folder / "reaper-kb.ini.before-segue", old)
    scripts.write(folder / "reaper-kb.ini", new)
