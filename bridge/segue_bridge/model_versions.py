"""The user's versions of a model: each one kept, the last one serves, and the one before comes back in one step.

They lie in a folder below the models, where `model_store` does not look; what serves is a copy of one of them. One
that was rolled back keeps its file under another name.
"""

import re
from importlib.resources import files as resources
from pathlib import Path

from segue_bridge import model_store, private
from segue_bridge.errors import SegueError
from segue_models import files
from segue_models.serving.inference import ModelError, Network, load


def install(content: bytes, name: str = "cuts") -> Path:
    """Make `content` serve as a new version; returns its kept file. Raises OSError."""
    _keep_foreign(name)
    version = _keep(content, name)
    files.write(_serving(name), content)
    return version


def rollback(name: str = "cuts") -> Path | None:
    """Serve the version before, None for the shipped model. Raises SegueError where the shipped one serves already."""
    serving = _serving(name)
    if not serving.is_file():
        raise SegueError("bad_input", f"the {name} model that serves is the shipped one: there is nothing before it")
    _keep_foreign(name)
    now = _same(name)
    before = [path for path in _kept(name) if _number(path) < _number(now)]
    if before:
        files.write(serving, before[-1].read_bytes())
    else:
        serving.unlink()
    now.rename(now.with_suffix(".undone"))
    return before[-1] if before else None


def unlearned(name: str = "cuts") -> Path:
    """The model to learn from: the newest that is not itself learned, so that no mark is learned from twice.

    Raises SegueError "no_model".
    """
    stored, network = model_store.serving(name)
    if not _is_learned(network):
        return stored.path
    given = [path for path in _kept(name) if _can_teach(path)]
    return given[-1] if given else Path(str(resources("segue_bridge"))) / "shipped" / f"{name}.onnx"


def outgrown(name: str = "cuts") -> str:
    """The version to learn from now, where what serves has learned from another one; else "". Raises SegueError."""
    network = model_store.network(name)
    newest = load(unlearned(name)).card.version
    return newest if _is_learned(network) and network.card.version.rpartition("+")[0] != newest else ""


def next_number(name: str = "cuts") -> int:
    """Number of the version that `install` would make."""
    return 1 + max((_number(path) for path in _folder().glob(f"{name}-*") if _number(path)), default=0)


def _can_teach(path: Path) -> bool:
    try:
        return not _is_learned(load(path))
    except ModelError:  # a file of the user's that is none, or one from before the card changed
        return False


def _is_learned(network: Network) -> bool:
    return any(data.get("corpus") == "user" for data in network.card.training_data)


def _folder() -> Path:
    return model_store.folder() / "versions"


def _serving(name: str) -> Path:
    return model_store.folder() / f"{name}.onnx"


def _number(path: Path) -> int:
    found = re.fullmatch(r".+-(\d+)", path.stem)
    return int(found[1]) if found else 0


def _kept(name: str) -> list[Path]:
    return sorted((path for path in _folder().glob(f"{name}-*.onnx") if path.is_file()), key=_number)


def _keep(content: bytes, name: str) -> Path:
    private.make(_folder())
    path = _folder() / f"{name}-{next_number(name)}.onnx"
    files.write(path, content)
    return path


def _keep_foreign(name: str) -> None:
    """Keep what the user put there without `install`, so that nothing is lost."""
    serving = _serving(name)
    if serving.is_file() and not any(path.read_bytes() == serving.read_bytes() for path in _kept(name)):
        _keep(serving.read_bytes(), name)


def _same(name: str) -> Path:
    content = _serving(name).read_bytes()
    return next(path for path in reversed(_kept(name)) if path.read_bytes() == content)
