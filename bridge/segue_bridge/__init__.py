"""The local daemon between the models and the DAW, and the `segue` command."""

from importlib.metadata import version

__version__ = version("segue")
PROTOCOL = 1
