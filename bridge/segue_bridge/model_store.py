"""Find a model by its task: the user's folder first, then the files shipped in the package.

One odd file among the user's hurts only itself: it is left out, and the shipped model of its name serves. Only the
user's own cuts.onnx is never passed over in silence: it was put there to serve.
"""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import platformdirs

from segue_bridge.errors import SegueError
from segue_bridge.rehearsal import rehearse
from segue_models.serving.inference import LARGEST_BYTES, ModelError, Network, load

SERVED = ("cuts", "beats", "sections")  # the models an analysis needs

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """A model file: its name (the file's stem), where it lies, and whether it came with Segue or is the user's."""

    name: str
    path: Path
    shipped: bool


def folder() -> Path:
    """Where the user's own models are kept; `segue export -o` into it to make a model serve."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "models"


def available() -> list[Stored]:
    """Every model file that can be read, the user's first; a user's file hides a shipped one of the same name."""
    found: dict[str, Stored] = {}
    for stored in _listed():
        if not _odd(stored.path):
            found.setdefault(stored.name, stored)
    return list(found.values())


def left_out() -> Iterator[tuple[Stored, str]]:
    """The user's files that cannot serve, each with a sentence that says why and what to do. Loads the others."""
    for stored in _listed():
        if not stored.shipped:
            odd = _odd(stored.path)
            loaded = odd or _loaded(stored, _stamp(stored.path))
            if isinstance(loaded, str):
                yield stored, _message(stored, loaded)


def candidates(name: str) -> list[Stored]:
    """The files that may serve under a name, in the order in which they are tried. Raises SegueError "no_model"."""
    found = []
    for stored in _listed():
        if stored.name == name:
            odd = _odd(stored.path)
            if odd and name == "cuts":
                raise SegueError("no_model", _message(stored, odd))
            if odd:
                _warn(_message(stored, odd))
            else:
                found.append(stored)
    return found


def network(name: str = "cuts") -> Network:
    """The named network, loaded once; raises SegueError "no_model" where it is missing or broken."""
    return serving(name)[1]


def serving(name: str = "cuts") -> tuple[Stored, Network]:
    """The file that serves under a name, and its network. Raises SegueError "no_model"."""
    for stored in candidates(name):
        loaded = _loaded(stored, _stamp(stored.path))
        if isinstance(loaded, Network):
            return stored, loaded
        if stored.shipped or name == "cuts":
            raise SegueError("no_model", _message(stored, loaded))
        _warn(_message(stored, loaded))
    raise SegueError("no_model", f"there is no model {name!r}: put {name}.onnx into {folder()} or reinstall segue")


def describe(name: str = "cuts") -> str:
    """Name, version and the start of the file's hash of the named model, or "none". Raises SegueError "no_model"."""
    if not candidates(name):
        return "none"
    loaded = network(name)
    return f"{loaded.card.name} {loaded.card.version} {loaded.sha256[:12]}"


def stamps() -> tuple[object, ...]:
    """Changes whenever a model file does; looks at no content."""
    return tuple((stored, _stamp(stored.path)) for stored in _listed())


def _listed() -> list[Stored]:
    """All files that are named as models, the user's first."""
    shipped = Path(str(files("segue_bridge"))) / "shipped"
    own = [Stored(path.stem, path, False) for path in _onnx(folder())]
    return own + [Stored(path.stem, path, True) for path in _onnx(shipped)]


def _onnx(place: Path) -> list[Path]:
    try:
        return sorted(place / name for name in os.listdir(place) if name.endswith(".onnx") and name[0] != ".")
    except OSError:
        return []


def _odd(path: Path) -> str:
    """Why a path cannot be a model, without opening it; "" where it can."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return f"{path} is a link to nothing"
    except OSError as fault:
        return f"{path} cannot be read ({fault.strerror})"
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no regular file'}"
    if found.st_size > LARGEST_BYTES:
        return f"{path} is larger than {LARGEST_BYTES >> 30} GB"
    return "" if os.access(path, os.R_OK) else f"{path} may not be read"


def _message(stored: Stored, reason: str) -> str:
    if stored.shipped:
        return f"{reason}: reinstall segue"
    return f"{reason}: mend it, or take it away" + (" and the model that ships serves" * (stored.name in SERVED))


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when the file does; () where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@lru_cache(maxsize=8)
def _loaded(stored: Stored, stamp: tuple[int, ...]) -> Network | str:
    """The network in the file as it was at that stamp, or why there is none."""
    try:
        loaded = load(stored.path)
        if not stored.shipped:
            rehearse(stored.name, loaded)
        return loaded
    except ModelError as fault:
        return str(fault) if str(stored.path) in str(fault) else f"{stored.path}: {fault}"


@lru_cache(maxsize=64)
def _warn(sentence: str) -> None:
    """Once."""
    _log.warning("%s", sentence)
