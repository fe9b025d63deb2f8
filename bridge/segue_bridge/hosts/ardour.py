"""Ardour 7 and later: our Lua actions go into the slots of `ui_scripts`, where Ardour keeps every user's actions.

`ui_scripts` is XML; its ActionScript element holds base64 of Lua source that fills a table of slots, `scripts[1]` to
`scripts[32]`, each with the name "n", the script "s", its factory as loadable code "f" and arguments "a". Ardour
writes byte code as "f", but loads plain source as well. Scripts of others are kept byte for byte.
"""

import base64
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from segue_bridge import __version__, console, protocol, spool
from segue_bridge.errors import SegueError

ACTIONS = ("mark_cuts", "clear_markers")
SLOTS = range(1, 33)
TO_DO = (
    "Open a session, select an audio region, and run Edit > Lua Scripts > 'Segue: mark cuts'; "
    "Window > Keyboard Shortcuts gives it a key."
)

_PREFIX = "segue_"  # of our files in Ardour's scripts folder
_OURS = b'author = "Segue"'
_STRING = rb'"(?:[^"\\]|\\[\s\S])*"'
_STATEMENT = re.compile(
    rb"\s*scripts(?:\[(?P<slot>\d+)\](?P<field>(?:\[(?:[-\w.]+|" + _STRING + rb")\])*))?"
    rb"\s*=\s*(?P<value>\{\}|" + _STRING + rb"|[-+.\w]+)"
)
_ESCAPE = re.compile(rb"\\(\d{1,3}|\r\n|[\s\S])")


class _Statement(NamedTuple):
    """One assignment of the Lua source; slot 0 is the one that makes the table."""

    slot: int
    field: bytes
    value: bytes
    source: bytes


def install(config: Path | None = None) -> list[str]:
    """Put the actions into Ardour's slots; returns what was done and what the user must still do.

    `config`: the folder of one Ardour, such as ~/.config/ardour7. Raises SegueError "no_host" where there is none,
    "host_running", "bad_host_file", "no_slot", or "failed" where a file cannot be written.
    """
    folders = _folders(config)
    for folder in folders:
        _refuse_while_running(folder)
    _make_spool()
    scripts = {name: _script(name) for name in ACTIONS}
    titles = " and ".join(f"'{_title(script)}'" for script in scripts.values())
    done = []
    for folder in folders:
        old = _read(folder)
        _write(folder, old, _with(_without_ours(old), scripts, _our_slots(old)))
        for name, script in scripts.items():
            _write_whole(folder / "scripts" / f"{_PREFIX}{name}.lua", script)
        done.append(f"{folder}: {titles} are in place.")
    return [*done, TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our actions out again; returns what was done. Raises SegueError as `install` does."""
    done = []
    for folder in _folders(config):
        _refuse_while_running(folder)
        old = _read(folder)
        _write(folder, old, _without_ours(old))
        for path in (folder / "scripts").glob(f"{_PREFIX}*.lua"):
            path.unlink()
        done.append(f"{folder}: Segue's actions are {'removed' if _our_slots(old) else 'not here'}.")
    return done


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host" or "bad_host_file"."""
    current = {_script(name) for name in ACTIONS}
    states = []
    for folder in _folders(config):
        ours = {script for script in _scripts(_read(folder)).values() if _OURS in script}
        state = "in place" if ours == current else "of another version" if ours else "missing"
        states.append(
            f"{folder.name}: actions are {state}" + ("" if ours == current else ", run `segue install ardour`")
        )
    return "; ".join(states)


def _folders(config: Path | None) -> list[Path]:
    """The configuration folders of all Ardours from 7 on."""
    if config:
        return [config]
    home = Path.home()
    if sys.platform == "darwin":
        root, pattern = home / "Library" / "Preferences", "Ardour*"
    elif sys.platform == "win32":
        root, pattern = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"), "Ardour*"
    else:
        root, pattern = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config"), "ardour*"
    numbered = ((re.fullmatch(r"(?i)ardour(\d+)", path.name), path) for path in sorted(root.glob(pattern)))
    found = [path for match, path in numbered if match and int(match[1]) >= 7 and path.is_dir()]
    if not found:
        raise SegueError(
            "no_host", f"no Ardour 7 or later in {root}: install Ardour, start it once, then run this again"
        )
    return found


def _refuse_while_running(folder: Path) -> None:
    """A running Ardour would overwrite the file with what it has in memory. Seen on Linux alone."""
    if not sys.platform.startswith("linux"):
        return
    for process in Path("/proc").iterdir():
        try:
            program = os.path.basename(os.readlink(process / "exe"))
            if not program.startswith("ardour-"):
                continue
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # no process, not ours, or gone by now
            continue
        settings = dict(variable.split(b"=", 1) for variable in variables if b"=" in variable)
        root = settings.get(b"XDG_CONFIG_HOME") or os.path.join(settings.get(b"HOME", b""), b".config")
        if os.path.realpath(root) == os.fsencode(folder.resolve().parent):
            raise SegueError("host_running", "Ardour is running: save your session, close Ardour, then run this again")


def _make_spool() -> None:
    folder = spool.default_spool("ardour")
    try:
        for name in ("to_daemon", "to_host"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SegueError("failed", f"{folder} cannot be made ({fault.strerror}): make it, or free its place") from fault


def _script(name: str) -> bytes:
    """An action as Ardour gets it: one file, its `include` lines replaced by what they name."""
    return _included(_source(f"ardour/{name}")).encode()


def _included(source: str) -> str:
    def content(match: re.Match[str]) -> str:
        if match[1] == "config":
            return _config()
        return f"(function ()\n{_included(_source(match[1]))}\nend) ()"

    return re.sub(r'include "([\w/]+)"', content, source)


def _source(name: str) -> str:
    """A host script: from the wheel, or from the checkout that runs without one."""
    packed = files("segue_bridge") / "host_scripts" / f"{name}.lua"
    if packed.is_file():
        return packed.read_text("utf-8")
    return (Path(__file__).parents[3] / "host_scripts" / f"{name}.lua").read_text("utf-8")


def _config() -> str:
    """The Lua table with what this installation knows: where the spool is, how to look into it, how to start us."""
    folder = spool.default_spool("ardour")
    start = f"from segue_bridge.client import ensure_daemon; ensure_daemon({protocol.PORT})"
    if sys.platform == "win32":
        listing = f'dir /b "{folder}\\to_host\\*.osc" 2>nul'
        command = f'start "" /b "{sys.executable}" -c "{start}"'
    else:
        place = shlex.quote(str(folder))
        listing = f"cd {place}/to_host && echo *.osc"
        # Ardour's own libraries are none of ours; what went wrong is for the script to show.
        command = (
            f"(unset LD_LIBRARY_PATH PYTHONHOME PYTHONPATH; {shlex.quote(sys.executable)} -c {shlex.quote(start)} "
            f"2> {place}/start.log || mv {place}/start.log {place}/failed) > {os.devnull} < {os.devnull} &"
        )
    values = {"spool": str(folder), "list": listing, "start": command, "version": __version__}
    entries = [f"{key} = {_quote(value.encode()).decode()}" for key, value in values.items()]
    return "{ " + ", ".join([*entries, f"port = {protocol.PORT}"]) + " }"


def _title(script: bytes) -> str:
    match = re.search(rb'name = "([^"]+)"', script)
    return match[1].decode() if match else "?"


def _read(folder: Path) -> bytes:
    """The Lua source in `ui_scripts`, b"" where there is none yet."""
    try:
        text = _tree(folder).findtext("ActionScript") or ""
        source = base64.b64decode(text, validate=True)
        list(_statements(source))
    except (ET.ParseError, ValueError) as fault:
        path = folder / "ui_scripts"
        sentence = f"{path} has a form that is unknown here ({fault}): move it away, start Ardour, close it, try again"
        raise SegueError("bad_host_file", sentence) from fault
    return source


def _tree(folder: Path) -> ET.Element:
    try:
        return ET.fromstring((folder / "ui_scripts").read_bytes())
    except FileNotFoundError:
        return ET.Element("UIScripts")


def _write(folder: Path, old: bytes, new: bytes) -> None:
    """Put the Lua source into `ui_scripts`, keeping hooks; the file as it was goes to `ui_scripts.before-segue`."""
    if new == old:
        return
    path = folder / "ui_scripts"
    if path.exists():
        _write_whole(path.with_name("ui_scripts.before-segue"), path.read_bytes())
    root = _tree(folder)
    element = root.find("ActionScript")
    if element is None:
        element = ET.Element("ActionScript", {"lua": "Lua 5.3"})
        root.insert(0, element)
    element.text = base64.b64encode(new).decode()
    if root.find("ActionHooks") is None:
        ET.SubElement(root, "ActionHooks")
    _write_whole(path, ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")


def _write_whole(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        console.write(path, content)
    except OSError as fault:
        raise SegueError("failed", f"{path} cannot be written ({fault.strerror}): make room or allow it") from fault


def _statements(source: bytes) -> list[_Statement]:
    """The assignments that `source` consists of; raises ValueError where it holds anything else."""
    found, at = [], 0
    while source[at:].strip():
        match = _STATEMENT.match(source, at)
        if not match:
            raise ValueError(f"no assignment at byte {at}")
        found.append(_Statement(int(match["slot"] or 0), match["field"] or b"", match["value"], match[0]))
        at = match.end()
    return found


def _scripts(source: bytes) -> dict[int, bytes]:
    """The text of the script in each slot."""
    return {s.slot: _unquote(s.value) for s in _statements(source) if s.field == b'["s"]' and s.value[:1] == b'"'}


def _our_slots(source: bytes) -> dict[str, int]:
    return {_title(script): slot for slot, script in _scripts(source).items() if _OURS in script}


def _without_ours(source: bytes) -> bytes:
    ours = _our_slots(source).values()
    return b"".join(s.source for s in _statements(source) if s.slot not in ours)


def _with(source: bytes, scripts: dict[str, bytes], earlier: dict[str, int]) -> bytes:
    """`source` and our scripts, each in the slot it had, so that its key stays, or in the first free one."""
    source = source or b"scripts = {} "
    taken = {s.slot for s in _statements(source)}
    for script in scripts.values():
        free = [slot for slot in SLOTS if slot not in taken]
        if not free:
            raise SegueError("no_slot", "all 32 slots for actions are taken: free two in Ardour's Script Manager")
        slot = earlier.get(_title(script), free[0])
        taken.add(slot)
        source += _entry(slot, script)
    return source


def _entry(slot: int, script: bytes) -> bytes:
    """The statements that fill one slot."""
    # Ardour calls what this chunk returns with the script's arguments, which makes the action.
    factory = b"local ardour = function () end local factory\n" + script + b"\nreturn factory (...)"
    fields = {b"n": _title(script).encode(), b"s": script, b"f": factory}
    at = b"scripts[%d]" % slot
    filled = b"".join(b'%s["%s"] = %s ' % (at, key, _quote(value)) for key, value in fields.items())
    return b' %s = {} %s%s["a"] = {} ' % (at, filled, at)


def _quote(text: bytes) -> bytes:
    """A Lua string as Ardour writes it ("%q")."""
    for raw, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\\n"), (b"\r", b"\\r"), (b"\0", b"\\0")):
        text = text.replace(raw, escaped)
    return b'"' + text + b'"'


def _unquote(literal: bytes) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        what = match[1]
        if what.isdigit():
            return bytes([int(what)])
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\r\n": b"\n"}.get(what, what)

    return _ESCAPE.sub(plain, literal[1:-1])
