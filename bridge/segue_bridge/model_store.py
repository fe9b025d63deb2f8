"""Find a model by its task: the user's folder first, then the files shipped in the package."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import platformdirs

from segue_bridge.errors import SegueError
from segue_models.inference import ModelError, Network, load


@dataclass(frozen=True)
class Stored:
    """A model file: its name (the file's stem), where it lies, and whether the user put it there."""

    name: str
    path: Path
    shipped: bool


def folder() -> Path:
    """Where the user's own models are kept; `segue export -o` into it to make a model serve."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "models"


def available() -> list[Stored]:
    """Every model file that can be found, the user's first; a user's file hides a shipped one of the same name."""
    shipped = Path(str(files("segue_bridge"))) / "shipped"
    found: dict[str, Stored] = {}
    for place, ours in ((folder(), False), (shipped, True)):
        for path in sorted(place.glob("*.onnx")) if place.is_dir() else ():
            found.setdefault(path.stem, Stored(path.stem, path, ours))
    return list(found.values())


def network(name: str = "cuts") -> Network:
    """The named network, loaded once; raises SegueError("no_model") when it is missing or broken."""
    for stored in available():
        if stored.name == name:
            stat = stored.path.stat()
            return _load(stored.path, stat.st_mtime_ns)
    raise SegueError("no_model", f"there is no model {name!r}: put {name}.onnx into {folder()} or reinstall segue")


def describe(name: str = "cuts") -> str:
    """Name, version and the start of the file's hash of the named model, or "none"."""
    for stored in available():
        if stored.name == name:
            digest = hashlib.sha256(stored.path.read_bytes()).hexdigest()[:12]
            return f"{network(name).card.name} {network(name).card.version} {digest}"
    return "none"


@lru_cache(maxsize=4)
def _load(path: Path, mtime_ns: int) -> Network:
    try:
        return load(path)
    except ModelError as error:
        raise SegueError("no_model", str(error)) from error
