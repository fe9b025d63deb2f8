"""Audacity 3.2 and later: three Nyquist plug-ins in the user's Plug-Ins folder, what they share in the spool folder."""

import os
import re
import shutil
import sys
from pathlib import Path

from segue_bridge import __version__, spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _files as files
from segue_bridge.hosts import _scripts as scripts

PLUG_INS = ("mark_cuts", "preview_transition", "clear_labels")
LIBRARY = "segue.lsp"
TO_DO = (
    "Start Audacity again, select a song, and run Analyze > 'Segue Mark Cuts'; Generate > 'Segue Preview Transition' "
    "plays what it found. The daemon must run: `segue serve`."
)

_PREFIX = "segue_"  # of our files in the Plug-Ins folder
_OURS = b'$author (_ "Segue")'
_LISTED = rb"(?m)^\$control WHICH.*$"  # the line that "Segue Mark Cuts" writes anew


def install(config: Path | None = None) -> list[str]:
    """Put the plug-ins into the Plug-Ins folder; returns what was done and what the user must still do.

    `config`: Audacity's folder of user data. Raises SegueError "no_host" where there is none, "bad_host_file" where a
    file of that name is not ours, or "failed" where a file cannot be written.
    """
    folder = _folder(config)
    for path in _paths(folder):
        if (content := files.read(path)) is not None and not _is_ours(content):
            raise SegueError(
                "bad_host_file", f"{path} is not Segue's, or was changed: move it away, then run this again"
            )
    place = scripts.make_spool("audacity")
    files.write(place / LIBRARY, scripts.source(f"audacity/{LIBRARY}").encode())
    for name, path in zip(PLUG_INS, _paths(folder), strict=True):
        files.write(path, _plug_in(name))
    return [f"{folder}: 'Segue Mark Cuts', 'Segue Preview Transition' and 'Segue Clear Labels' are in place.", TO_DO]


def uninstall(config: Path | None = None) -> list[str]:
    """Take exactly our plug-ins out again, and the recording they left; returns what was done. Raises SegueError."""
    folder = _folder(config)
    removed = [files.remove(path, _is_ours) for path in _paths(folder)]
    shutil.rmtree(spool.default_spool("audacity"), ignore_errors=True)
    return [f"{folder}: Segue's plug-ins are {'removed' if any(removed) else 'not here'}."]


def status(config: Path | None = None) -> str:
    """One line for `segue doctor`. Raises SegueError "no_host" or "bad_host_file"."""
    contents = [files.read(path) for path in _paths(_folder(config))]
    if None in contents:
        return "plug-ins are missing, run `segue install audacity`"
    library = files.read(spool.default_spool("audacity") / LIBRARY)
    current = library == scripts.source(f"audacity/{LIBRARY}").encode()
    if current and [_unlisted(content or b"") for content in contents] == [_unlisted(_plug_in(n)) for n in PLUG_INS]:
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


def _paths(folder: Path) -> list[Path]:
    return [folder / f"{_PREFIX}{name}.ny" for name in PLUG_INS]


def _is_ours(plug_in: bytes) -> bool:
    """Whether a plug-in is one of ours that nobody changed, but for the list of transitions."""
    return _OURS in plug_in and files.seal_holds(plug_in, _LISTED) is not False


def _plug_in(name: str) -> bytes:
    """A plug-in as Audacity gets it: with where the spool is, and what lies there."""
    place = spool.default_spool("audacity")
    config = (
        f"(setf segue-spool {_quote(str(place))} segue-version {_quote(__version__)})\n"
        f"(load {_quote(str(place / LIBRARY))})"
    )
    text = scripts.source(f"audacity/{name}.ny").replace("\nCONFIG\n", f"\n{config}\n")
    return files.sealed(f"{text}\n;; {files.SEAL}\n".encode(), _LISTED)


def _unlisted(plug_in: bytes) -> bytes:
    """A plug-in without the list of transitions."""
    return re.sub(_LISTED, b"", plug_in)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
