"""Corpora: one file per data set, found by its name; every one yields `Track`s (`track.py`).

Add a corpus: write `corpora/<name>.py` with `tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]`.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType


def names() -> list[str]:
    """Every corpus: the files here that have tracks."""
    here = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in here if "\ndef tracks(" in path.read_text(encoding="utf-8"))


def find(name: str) -> ModuleType:
    """The corpus of that name; raises ValueError for any other."""
    known = names()
    if name not in known:
        raise ValueError(f"there is no corpus {name!r}: take one of {', '.join(known)}")
    return import_module(f"{__name__}.{name}")
