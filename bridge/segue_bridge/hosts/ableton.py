"""Ableton Live 11 and later: our Remote Script goes into the User Library, from where Live loads it.

The folder `Remote Scripts/Segue` is ours alone; scripts of others lie beside it and are not looked at. Its
configuration lists what each of our files is known by; one that is not listed is the user's.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs

from segue_bridge import __version__, meeting, protocol
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _files as files
from segue_bridge.hosts import _scripts as scripts

FILES = (
    "__init__.py",
    "clip.py",
    "correction.py",
    "daemon.py",
    "locators.py",
    "meeting.py",
    "osc.py",
    "surface.py",
    "trigger.py",
    "trouble.py",
)
CONFIG = "config.json"
ACTION_PORT = 9722  # where the script hears /segue/action/...
TO_DO = (
    "Start Live anew, choose Segue under Settings > Link, Tempo & MIDI > Control Surface, "
    "and give it the MIDI input whose notes shall trigger it (channel 16: 36 mark, 37 next, 38 previous, 39 preview, "
    "40 keep, 41 reject, 42 clear, 43 cancel, 44 grid, 45 later, 46 double, 47 half, 48 three)."
)


def install(config: Path | None = None) -> list[str]:
    """Put the Remote Script into Live's User Library; returns what was done and what the user must still do.

    `config`: the User Library. Raises SegueError "no_host" where there is none, "bad_host_file" where the folder
    Segue is another's, or "failed" where a file cannot be written.
    """
    folder = _folder(config)
    if folder.exists() and not _ours(folder):
        raise SegueError("bad_host_file", f"{folder} is not of this Segue: move it away, then run this again")
    is_ours = _known(folder)
    kept = [line for name, content in _contents().items() for line in files.put(folder / name, content, is_ours)]
    return [f"{folder}: the Remote Script is in place.", *kept, TO_DO, f"Or trigger it with: {_trigger(folder)}"]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our files out again; returns what was done. Raises SegueError "no_host" or "failed"."""
    folder = _folder(config)
    if not _ours(folder):
        return [f"{folder.parent}: Segue's Remote Script is not here."]
    is_ours = _known(folder)
    removed = [name for name in (*FILES, CONFIG) if files.remove(folder / name, is_ours)]
    for name in removed:
        for compiled in folder.glob(f"__pycache__/{Path(name).stem}.*.pyc"):
            files.remove(compiled, lambda content: True)
    files.remove_empty(folder / "__pycache__", folder)
    return [f"{folder}: Segue's Remote Script is removed; Live forgets it when it starts anew."]


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host"."""
    folder = _folder(config)
    if not _ours(folder):
        return "the Remote Script is missing, run `segue install ableton`"
    same = all(files.read(folder / name) == now for name, now in _contents().items())
    state = "in place" if same else "of another version, run `segue install ableton`"
    return f"the Remote Script is {state}"


def _folder(library: Path | None) -> Path:
    """Where the script goes."""
    if library is None and sys.platform == "darwin":
        library = Path.home() / "Music" / "Ableton" / "User Library"
    elif library is None and sys.platform == "win32":
        library = Path(platformdirs.user_documents_dir()) / "Ableton" / "User Library"  # it may be in the cloud
    elif library is None:
        raise SegueError("no_host", "there is no Ableton Live for this system: run this where Live runs")
    if not library.is_dir():
        sentence = f"no User Library of Ableton Live at {library}: start Live once, then run this again"
        raise SegueError("no_host", sentence)
    return library / "Remote Scripts" / "Segue"


def _ours(folder: Path) -> bool:
    return _is_config((folder / CONFIG).read_bytes() if (folder / CONFIG).is_file() else b"")


def _is_config(content: bytes) -> bool:
    try:
        return bool(json.loads(content)["script"] == "Segue")
    except (ValueError, KeyError, TypeError):
        return False


def _known(folder: Path) -> Callable[[bytes], bool]:
    """Tells our files from the user's: those that this version brings, or the one that is installed has brought."""
    listed = files.read(folder / CONFIG) or b""
    ours = set(_contents().values())

    def is_ours(content: bytes) -> bool:
        if _is_config(content):
            return files.seal_holds(content) is not False
        return content in ours or files.digest(content).encode() in listed

    return is_ours


def _contents() -> dict[str, bytes]:
    """Every file of the script; the last one, the configuration, makes the folder ours."""
    start = f"from segue_bridge.client import ensure_daemon; ensure_daemon({protocol.PORT})"
    play = "import sys, sounddevice, soundfile; sounddevice.play(*soundfile.read(sys.argv[1])); sounddevice.wait()"
    contents = {name: scripts.source(f"ableton/Segue/{name}").encode() for name in FILES}
    settings = {
        "script": "Segue",
        "version": __version__,
        "port": protocol.PORT,
        "own_port": ACTION_PORT,
        "daemons": str(meeting.folder()),
        "start": [sys.executable, "-c", start],
        "play": [sys.executable, "-c", play],
        "files": {name: files.digest(content) for name, content in contents.items()},
        "seal": files.SEAL,
    }
    return {**contents, CONFIG: files.sealed(json.dumps(settings, indent=1).encode())}


def _trigger(folder: Path) -> str:
    return f'"{sys.executable}" "{folder / "trigger.py"}" mark'
