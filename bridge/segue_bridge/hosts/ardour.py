"""Ardour 7 and later: our Lua actions go into the slots of `ui_scripts`, where Ardour keeps every user's actions.

`ui_scripts` is XML; its ActionScript element holds base64 of the Lua source that `_ardour_slots` takes apart, each
LuaCallback of its ActionHooks a script that Ardour runs by itself: ours ends a preview. Scripts of others are kept byte
for byte. A copy of each of our actions goes to Ardour's `scripts` folder, for its Script Manager.

Each Ardour has a folder of its own, such as ~/.config/ardour8. It makes it out of that of the one before when it is
started first, and only where there is none: so we never make one.
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

from segue_bridge import __version__, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _ardour_slots as slots
from segue_bridge.hosts import _files as files
from segue_bridge.hosts import _scripts as scripts

ACTIONS = (
    "mark_cuts",
    "use_session_grid",
    "beats_later",
    "double_tempo",
    "halve_tempo",
    "three_in_bar",
    "clear_markers",
    "preview_next",
    "preview_previous",
    "keep_transition",
    "reject_transition",
    "clear_preview",
)
HOOK = "after_preview"
# Which of Ardour's signals the hook hears, as bits, the first one last. LuaTimerDS, ten times a second, is the 48th of
# 49 in Ardour 7, of 50 in 8, the 50th of 52 in 9.8; of a longer text Ardour takes the beginning. So it is heard in all,
# and others with it, which the hook passes over.
SIGNALS = "1111" + 47 * "0"
TO_DO = (
    "Open a session, select an audio region, and run Edit > Lua Scripts > 'Segue: mark cuts', "
    "then 'Segue: preview next transition'; Window > Keyboard Shortcuts gives them keys."
)

_PREFIX = "segue_"  # of our files in Ardour's scripts folder
_HOOK_ID = "97210000001"  # any number that Ardour, which counts from 1, does not give
_OURS = b'author = "Segue"'


def install(config: Path | None = None) -> list[str]:
    """Put the actions into Ardour's slots; returns what was done and what the user must still do.

    `config`: the folder of one Ardour, such as ~/.config/ardour8. Raises SegueError "no_host" where there is none,
    "host_running", "bad_host_file", "no_slot", or "failed" where a file cannot be written.
    """
    folders = _folders(config)
    for folder in folders:
        _refuse_while_running(folder)
    actions = {name: _script(name) for name in ACTIONS}
    sources = {folder: _with_ours(_read(folder), actions.values()) for folder in folders}
    scripts.make_spool("ardour")
    titles = ", ".join(f"'{slots.title(script)}'" for script in actions.values())
    done = []
    for folder, source in sources.items():
        _write(folder, source, [_script(HOOK)])
        done.append(f"{folder}: {titles} are in place.")
        for name, script in actions.items():
            done += files.put(_path(folder, name), script, _is_ours)
    return [*done, *_unstarted(folders), TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our actions out again; returns what was done. Raises SegueError as `install` does."""
    folders = _folders(config)
    for folder in folders:
        _refuse_while_running(folder)
    done = []
    for folder in folders:
        old = _read(folder)
        ours = _ours(old)
        _write(folder, slots.without(old, ours), [])
        for name in ACTIONS:
            files.remove(_path(folder, name), _is_ours)
        done.append(f"{folder}: Segue's actions are {'removed' if ours else 'not here'}.")
    return done


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host" or "bad_host_file"."""
    folders = _folders(config)
    return "; ".join([*(f"{folder.name}: actions are {_state(folder)}" for folder in folders), *_unstarted(folders)])


def _state(folder: Path) -> str:
    """Whether the actions of this version are in one Ardour's folder, each once, and the hook hears what it must."""
    hooks = _our_hooks(_tree(folder))
    found = sorted([*_ours(_read(folder)).values(), *hooks.values()])
    heard = all(_is_heard(hook.get("signals", "")) for hook in hooks)
    if found == sorted(_script(name) for name in (*ACTIONS, HOOK)) and heard:
        return "in place"
    return f"{'of another version' if found else 'missing'}, run `segue install ardour`"


def _is_heard(signals: str) -> bool:
    """Whether a hook has our signals, in as many bits as an Ardour keeps that found them in SIGNALS.

    One that has other signals found its bits in the file of an earlier Ardour, by numbers that may mean another signal.
    """
    return signals == SIGNALS[: len(signals)].zfill(len(signals))


def _with_ours(old: bytes, actions: Iterable[bytes]) -> bytes:
    """The actions of a user with ours among them. Raises SegueError "no_slot"."""
    ours = _ours(old)
    wanted = {slots.title(script): slot for slot, script in ours.items()}  # the slot has the key: it stays
    try:
        return slots.added(slots.without(old, ours), actions, wanted)
    except IndexError as fault:
        sentence = f"Ardour has 32 slots for actions: free {len(ACTIONS)} of them in its Script Manager"
        raise SegueError("no_slot", sentence) from fault


def _is_ours(script: bytes) -> bool:
    """Whether a script is one of ours that nobody changed."""
    return _OURS in script and files.seal_holds(script) is not False


def _ours(source: bytes) -> dict[int, bytes]:
    """Our scripts by slot."""
    return {slot: script for slot, script in slots.scripts(source).items() if _is_ours(script)}


def _path(folder: Path, name: str) -> Path:
    """Where a copy of an action goes."""
    return folder / "scripts" / f"{_PREFIX}{name}.lua"


def _folders(config: Path | None) -> list[Path]:
    """The configuration folders of all Ardours from 7 on, the oldest first."""
    if config:
        return [config]
    home = Path.home()
    if sys.platform == "darwin":
        root, pattern = home / "Library" / "Preferences", "Ardour*"
    elif sys.platform == "win32":
        root, pattern = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"), "Ardour*"
    else:
        root, pattern = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config"), "ardour*"
    found = [path for path in root.glob(pattern) if _number(path.name) >= 7 and path.is_dir()]
    if not found:
        raise SegueError(
            "no_host", f"no Ardour 7 or later in {root}: install Ardour, start it once, then run this again"
        )
    return sorted(found, key=lambda path: _number(path.name))


def _number(name: str) -> int:
    """The version in the name of a folder or a program, such as ardour8; 0 where there is none."""
    match = re.fullmatch(r"(?i)ardour(\d+)", name)
    return int(match[1]) if match else 0


def _unstarted(folders: list[Path]) -> list[str]:
    """What to do where a newer Ardour is here that was never started."""
    places = [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep) if place]
    programs = {path.name.partition("-")[0] for place in places for path in place.glob("[Aa]rdour*")}
    newest = max(map(_number, programs), default=0)
    if newest <= _number(folders[-1].name):
        return []
    return [f"Ardour {newest} was never started: start it once, close it, then run `segue install ardour` again."]


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
    return files.sealed(f"{scripts.included(f'ardour/{name}', _config)}-- {files.SEAL}\n".encode())


def _config() -> str:
    """The Lua table with what this installation knows: where the spool is, how to look into it, how to start us."""
    folder = spool.default_spool("ardour")
    if sys.platform == "win32":
        listing = f'dir /b "{folder}\\to_host\\*.osc" 2>nul'
    else:
        listing = f"cd {shlex.quote(str(folder))}/to_host && echo *.osc"
    values = {"spool": str(folder), "list": listing, "start": scripts.start_command(folder), "version": __version__}
    entries = [f"{key} = {slots.quote(value.encode()).decode()}" for key, value in values.items()]
    return "{ " + ", ".join(entries) + " }"


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
    content = files.read(folder / "ui_scripts")
    return ET.Element("UIScripts") if content is None else ET.fromstring(content)


def _our_hooks(root: ET.Element) -> dict[ET.Element, bytes]:
    """Our hooks with their scripts."""
    found = {}
    for hook in root.iter("LuaCallback"):
        with suppress(ValueError):  # what is not base64 is not ours
            found[hook] = slots.hook_script(base64.b64decode(hook.text or ""))
    return {hook: script for hook, script in found.items() if _is_ours(script)}


def _write(folder: Path, source: bytes, hooks: Iterable[bytes]) -> None:
    """Put actions and our hooks into `ui_scripts`; of a file in which nothing of ours was a copy is kept."""
    path, root = folder / "ui_scripts", _tree(folder)
    before, old = ET.tostring(root), _our_hooks(root)
    was_theirs = not old and not _ours(_read(folder))
    _child(root, "ActionScript", {"lua": "Lua 5.3"}).text = base64.b64encode(source).decode()
    callbacks = _child(root, "ActionHooks", {})
    for hook in old:
        callbacks.remove(hook)
    for script in hooks:
        facts = {"lua": "Lua 5.3", "id": _HOOK_ID, "name": slots.title(script), "signals": SIGNALS}
        ET.SubElement(callbacks, "LuaCallback", facts).text = base64.b64encode(slots.hook(script)).decode()
    if ET.tostring(root) == before or not (path.exists() or source):
        return
    if was_theirs:
        files.keep(path)
    files.write(path, ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")


def _child(root: ET.Element, name: str, attributes: dict[str, str]) -> ET.Element:
    found = root.find(name)
    return found if found is not None else ET.SubElement(root, name, attributes)
