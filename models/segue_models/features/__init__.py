"""Features of a song: the file name is the feature's name. No torch and no librosa at import."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def find(name: str) -> ModuleType:
    """The feature of that name, with its `PARAMETERS`; raises ValueError for any other."""
    if not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        raise ValueError(f"there is no feature {name!r}: features are the files in segue_models/features")
    return import_module(f"{__name__}.{name}")
