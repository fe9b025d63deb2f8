"""Ardour 7 and later: our Lua actions go into the slots of `ui_scripts`, where Ardour keeps every user's actions.

`ui_scripts` is XML; its ActionScript element holds base64 of the Lua source that `_ardour_slots` takes apart, each
LuaCallback of its ActionHooks a script that Ardour runs by itself: ours ends a preview. Scripts of others are kept byte
for byte. A copy of each of our actions goes to Ardour's `scripts` folder, for its Script Manager.
"""

import base64
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from segue_bridge import __version__, protocol, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _ardour_slots as slots
from segue_bridge.hosts import _scripts as scripts

ACTIONS = (
    "mark_cuts",
    "clear_markers",
    "preview_next",
    "preview_previous",
    "keep_transition",
    "reject_transition",
    "clear_preview",
)
HOOK = "after_preview"
TO_DO = (
    "Open a session, select an audio region, and run Edit > Lua Scripts > 'Segue: mark cuts', "
    "then 'Segue: preview next transition'; Window > Keyboard Shortcuts gives them keys."
)

_PREFIX = "segue_"  # of our files in Ardour's scripts folder
_HOOK_ID = "97210000001"  # any number that Ardour, which counts from 1, does not give
_TEN_TIMES_A_SECOND = f"1{47 * '0'}"  # Ardour's signals as bits, from LuaTimerDS, the 48th, down
_OURS = b'author = "Segue"'


def install(config: Path | None = None) -> list[str]:
    """Put the actions into Ardour's slots; returns what was done and what the user must still do.

    `config`: the folder of one Ardour, such as ~/.config/ardour7. Raises SegueError "no_host" where there is none,
    "host_running", "bad_host_file", "no_slot", or "failed" where a file cannot be written.
    """
    folders = _folders(config)
    for folder in folders:
        _refuse_while_running(folder)
    scripts.make_spool("ardour")
    actions = {name: _script(name) for name in ACTIONS}
    titles = ", ".join(f"'{slots.title(script)}'" for script in actions.values())
    done = []
    for folder in folders:
        old = _read(folder)
        ours = _ours(old)
        wanted = {slots.title(script): slot for slot, script in ours.items()}  # the slot has the key: it stays
        try:
            new = slots.added(slots.without(old, ours), actions.values(), wanted)
        except IndexError as fault:
            sentence = f"Ardour has 32 slots for actions: free {len(ACTIONS)} of them in its Script Manager"
            raise SegueError("no_slot", sentence) from fault
        _write(folder, new, [_script(HOOK)])
        for name, script in actions.items():
            scripts.write(folder / "scripts" / f"{_PREFIX}{name}.lua", script)
        done.append(f"{folder}: {titles} are in place.")
    return [*done, TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our actions out again; returns what was done. Raises SegueError as `install` does."""
    done = []
    for folder in _folders(config):
        _refuse_while_running(folder)
        old = _read(folder)
        ours = _ours(old)
        _write(folder, slots.without(old, ours), [])
        for path in (folder / "scripts").glob(f"{_PREFIX}*.lua"):
            path.unlink()
        done.append(f"{folder}: Segue's actions are {'removed' if ours else 'not here'}.")
    return done


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host" or "bad_host_file"."""
    current = {_script(name) for name in (*ACTIONS, HOOK)}
    states = []
    for folder in _folders(config):
        ours = {*_ours(_read(folder)).values(), *_our_hooks(_tree(folder)).values()}
        if ours == current:
            states.append(f"{folder.name}: actions are in place")
        else:
            state = "of another version" if ours else "missing"
            states.append(f"{folder.name}: actions are {state}, run `segue install ardour`")
    return "; ".join(states)


def _ours(source: bytes) -> dict[int, bytes]:
    """Our scripts by slot."""
    return {slot: script for slot, script in slots.scripts(source).items() if _OURS in script}


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


def _script(name: str) -> bytes:
    """An action as Ardour gets it: one file, its `include` lines replaced by what they name."""
    return scripts.included(f"ardour/{name}", _config).encode()


def _config() -> str:
    """The Lua table with what this installation knows: where the spool is, how to look into it, how to start us."""
    folder = spool.default_spool("ardour")
    if sys.platform == "win32":
        listing = f'dir /b "{folder}\\to_host\\*.osc" 2>nul'
    else:
        listing = f"cd {shlex.quote(str(folder))}/to_host && echo *.osc"
    values = {"spool": str(folder), "list": listing, "start": scripts.start_command(folder), "version": __version__}
    entries = [f"{key} = {slots.quote(value.encode()).decode()}" for key, value in values.items()]
    return "{ " + ", ".join([*entries, f"port = {protocol.PORT}"]) + " }"


def _read(folder: Path) -> bytes:
    """The Lua source in `ui_scripts`, b"" where there is none yet."""
    try:
        text = _tree(folder).findtext("ActionScript") or ""
        source = base64.b64decode(text, validate=True)
        slots.scripts(source)
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


def _our_hooks(root: ET.Element) -> dict[ET.Element, bytes]:
    """Our hooks with their scripts."""
    found = {}
    for hook in root.iter("LuaCallback"):
        with suppress(ValueError):  # what is not base64 is not ours
            found[hook] = slots.hook_script(base64.b64decode(hook.text or ""))
    return {hook: script for hook, script in found.items() if _OURS in script}


def _write(folder: Path, source: bytes, hooks: Iterable[bytes]) -> None:
    """Put actions and our hooks into `ui_scripts`; the file as it was goes to `ui_scripts.before-segue`."""
    path, root = folder / "ui_scripts", _tree(folder)
    before = ET.tostring(root)
    _child(root, "ActionScript", {"lua": "Lua 5.3"}).text = base64.b64encode(source).decode()
    callbacks = _child(root, "ActionHooks", {})
    for hook in _our_hooks(root):
        callbacks.remove(hook)
    for script in hooks:
        facts = {"lua": "Lua 5.3", "id": _HOOK_ID, "name": slots.title(script), "signals": _TEN_TIMES_A_SECOND}
        ET.SubElement(callbacks, "LuaCallback", facts).text = base64.b64encode(slots.hook(script)).decode()
    if ET.tostring(root) == before or not (path.exists() or source):
        return
    if path.exists():
        scripts.write(path.with_name("ui_scripts.before-segue"), path.read_bytes())
    scripts.write(path, ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")


def _child(root: ET.Element, name: str, attributes: dict[str, str]) -> ET.Element:
    found = root.find(name)
    return found if found is not None else ET.SubElement(root, name, attributes)
