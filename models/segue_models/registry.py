"""The file name is the registry: the modules of a package, found by looking into its folder."""

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType


def names(package: str) -> list[str]:
    """Names of the modules in `package`, in alphabetical order; those that begin with an underscore are helpers."""
    return list(_names(package))


@cache
def _names(package: str) -> tuple[str, ...]:
    found = pkgutil.iter_modules(import_module(package).__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """The module `name` of `package`; raises ValueError that lists the names there are."""
    known = names(package)
    if name not in known:
        kind = package.rpartition(".")[2].replace("_", " ")
        raise ValueError(f"there is no {name!r} among the {kind}: take one of {', '.join(known)}")
    return import_module(f"{package}.{name}")
