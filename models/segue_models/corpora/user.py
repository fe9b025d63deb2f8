"""The user's own recordings: which cuts of them the user liked, and which not. They never leave the user's machine."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """What the user thinks of one place of a recording.

    role: "entry" or "exit"; time in seconds of the recording; own: the user chose the place, it was not shown;
    weight: how sure it is, 0 to 1.
    """

    role: str
    time: float
    liked: bool
    own: bool = False
    weight: float = 1.0


@dataclass(frozen=True)
class Recording:
    """One song of the user: its name, its files (several mono files are its channels), and the marks.

    shown: (role, seconds) of the cuts that Segue shows in it, judged or not.
    """

    name: str
    paths: tuple[Path, ...]
    marks: tuple[Mark, ...]
    shown: tuple[tuple[str, float], ...] = ()
