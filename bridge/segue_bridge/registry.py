"""The file name is the registry: the modules of a package, found by looking into its folder."""

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType

from segue_bridge.errors import SegueError


def names(package: str) -> list[str]:
    """Names of the modules in `package`, in alphabetical order."""
    return list(_names(package))


@cache
def _names(package: str) -> tuple[str, ...]:
    found = pkgutil.iter_modules(import_module(package).__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """The module `name` of `package`; raises SegueError that lists the names there are."""
    known = names(package)
    if name not in known:
        raise SegueError("unknown_name", f"{name!r} is not known: take one of {', '.join(known)}")
    return import_module(f"{package}.{name}")
