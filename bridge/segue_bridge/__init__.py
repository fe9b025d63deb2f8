"""The local daemon between the models and the DAW, and the `segue` command."""

PROTOCOL = 1


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: it takes longer than all else that `segue --help` does."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("segue")
