"""What a kill leaves beside a file that was being written: a hidden temporary one that nobody will rename any more."""

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

OLD_SECONDS = 3600.0  # no write takes an hour

_NAME = re.compile(r"\..+\.\d+\.tmp")  # as `console.write` names them


def sweep(folder: Path) -> None:
    """Delete old temporary files of ours in one of our own folders; nothing else, and nothing in folders below it."""
    oldest = time.time() - OLD_SECONDS
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if _NAME.fullmatch(entry.name) and stat.S_ISREG(found.st_mode) and found.st_mtime < oldest:
                    os.unlink(entry.path)
