"""What the results in a folder were made of, so that a folder run makes again only what would come out different.

It is kept in Segue's cache, one file for each folder of results, a line for each result as soon as it is written: a
run that is stopped goes on where it was.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from segue_bridge import private
from segue_bridge.result_cache import cache_root

LIMIT = 200  # folders; the one not written to the longest time goes first

Line = tuple[str, int, int]
"""What the result was made of; its size and the time of its last change (ns) as it was written."""


class Made:
    """The results in one folder; where the cache cannot be written, every run makes all of them."""

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = cache_root() / "made" / f"{name}.jsonl"
        self._lines: dict[str, Line] = {}
        with suppress(OSError):
            for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
                with suppress(ValueError, TypeError):
                    target, of, size, changed = json.loads(line)
                    self._lines[str(target)] = str(of), int(size), int(changed)

    def state(self, recording: Path, target: Path, of: str) -> Literal["to make", "done", "changed"]:
        """Whether the result must be made, is as it would be made now, or is another but was changed by others.

        of: everything that decides what the result is. A result of which nothing is known counts as done where it is
        newer than its recording. Raises OSError.
        """
        if not target.is_file():
            return "to make"
        there = target.stat()
        known = self._lines.get(str(target.absolute()))
        if known is None:
            return "done" if recording.exists() and there.st_mtime >= recording.stat().st_mtime else "to make"
        if known[0] == of:
            return "done"
        return "to make" if known[1:] == (there.st_size, there.st_mtime_ns) else "changed"

    def note(self, target: Path, of: str) -> None:
        """Keep that the result was made of that."""
        there = target.stat()
        line: Line = of, there.st_size, there.st_mtime_ns
        self._lines[str(target.absolute())] = line
        with suppress(OSError):
            if not self._path.exists():
                private.make(self._path.parent)
                for old in sorted(self._path.parent.iterdir(), key=lambda path: path.stat().st_mtime)[: 1 - LIMIT]:
                    old.unlink()
            with open(self._path, "a", encoding="ascii", opener=_for_us_alone) as file:
                file.write(json.dumps([str(target.absolute()), *line]) + "\n")


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
