"""Audacity 3.2 and later: three Nyquist plug-ins in the user's Plug-Ins folder, what they share in the spool folder."""

import os
import shutil
import sys
from pathlib import Path

from segue_bridge import __version__, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _scripts as scripts

PLUG_INS = ("mark_cuts", "preview_transition", "clear_labels")
LIBRARY = "segue.lsp"
TO_DO = (
    "Start Audacity again, select a song, and run Analyze > 'Segue Mark Cuts'; Generate > 'Segue Preview Transition' "
    "plays what it found. The daemon must run: `segue serve`."
)

_PREFIX = "segue_"  # of our files in the Plug-Ins folder
_OURS = '$author (_ "Segue")'
_LISTED = "$control WHICH"  # the line that "Segue Mark Cuts" writes anew


def install(config: Path | None = None) -> list[str]:
    """Put the plug-ins into the Plug-Ins folder; returns what was done and what the user must still do.

    `config`: Audacity's folder of user data. Raises SegueError "no_host" where there is none, "bad_host_file" where a
    file of that name is not ours, or "failed" where a file cannot be written.
    """
    folder = _folder(config)
    for path in _files(folder):
        if path.exists() and not _is_ours(path):
            raise SegueError("bad_host_file", f"{path} is not Segue's: move it away, then run this again")
    place = scripts.make_spool("audacity")
    scripts.write(place / LIBRARY, scripts.source(f"audacity/{LIBRARY}").encode())
    for name, path in zip(PLUG_INS, _files(folder), strict=True):
        scripts.write(path, _plug_in(name).encode())
    return [f"{folder}: 'Segue Mark Cuts', 'Segue Preview Transition' and 'Segue Clear Labels' are in place.", TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our plug-ins out again, and the recording they left; returns what was done. Raises SegueError."""
    folder = _folder(config)
    ours = [path for path in _files(folder) if path.exists() and _is_ours(path)]
    for path in ours:
        path.unlink()
    shutil.rmtree(spool.default_spool("audacity"), ignore_errors=True)
    return [f"{folder}: Segue's plug-ins are {'removed' if ours else 'not here'}."]


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host"."""
    paths = _files(_folder(config))
    if not all(path.exists() for path in paths):
        return "plug-ins are missing, run `segue install audacity`"
    library = spool.default_spool("audacity") / LIBRARY
    current = library.exists() and library.read_text("utf-8") == scripts.source(f"audacity/{LIBRARY}")
    if current and all(_same(path, _plug_in(name)) for name, path in zip(PLUG_INS, paths, strict=True)):
        return "plug-ins are in place"
    return "plug-ins are of another version, run `segue install audacity`"


def _folder(config: Path | None) -> Path:
    """Audacity's Plug-Ins folder, which it makes at its first start."""
    home = Path.home()
    if config:
        data = config
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support" / "audacity"
    elif sys.platform == "win32":
        data = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "audacity"
    elif (home / ".audacity-data").is_dir():  # of an Audacity before 3.2; where it is, it is used
        data = home / ".audacity-data"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "audacity"
    if not data.is_dir():
        raise SegueError("no_host", f"no Audacity in {data}: install Audacity, start it once, then run this again")
    return data / "Plug-Ins"


def _files(folder: Path) -> list[Path]:
    return [folder / f"{_PREFIX}{name}.ny" for name in PLUG_INS]


def _is_ours(path: Path) -> bool:
    return _OURS in path.read_text("utf-8", "replace")


def _plug_in(name: str) -> str:
    """A plug-in as Audacity gets it: with where the spool is, and what lies there."""
    place = spool.default_spool("audacity")
    config = (
        f"(setf segue-spool {_quote(str(place))} segue-version {_quote(__version__)})\n"
        f"(load {_quote(str(place / LIBRARY))})"
    )
    return scripts.source(f"audacity/{name}.ny").replace("\nCONFIG\n", f"\n{config}\n")


def _same(path: Path, text: str) -> bool:
    """Whether a file holds this text, but for the list of transitions."""

    def lines(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(_LISTED)]

    return lines(path.read_text("utf-8", "replace")) == lines(text)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
