"""Features of a song: the file name is the feature's name. No torch and no librosa at import."""

from types import ModuleType

from segue_models import registry


def find(name: str) -> ModuleType:
    """The feature of that name, with its `PARAMETERS`; raises ValueError for any other."""
    return registry.load(__name__, name)
