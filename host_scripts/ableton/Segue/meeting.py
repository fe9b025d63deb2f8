"""Where the daemon of this user is met, and where this script: files that nobody else can read.

The daemon's is described in bridge/segue_bridge/meeting.py; ours, `live`, holds the port and the token of the actions.
"""

import os
import re
import secrets
from collections import namedtuple
from contextlib import suppress

Meeting = namedtuple("Meeting", "port token proof")
Actions = namedtuple("Actions", "port token")

OURS = "live"


def find(folder, port):
    """The meeting of the daemon that is known by this port; None where none runs."""
    match = re.fullmatch(r"(\d+) ([0-9a-f]+) ([0-9a-f]+)\n", _read(folder, str(port)))
    return Meeting(int(match[1]), match[2], match[3]) if match else None


def announce(folder, port):
    """Say where actions may be sent to; the token stays what it was, as other programs may know it."""
    known = actions(folder)
    made = Actions(port, known.token if known else secrets.token_hex(8))
    temporary = os.path.join(folder, f"{OURS}.{os.getpid()}.tmp")
    with suppress(OSError):
        os.makedirs(folder, 0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{port} {made.token}\n")
        os.replace(temporary, os.path.join(folder, OURS))
    return made


def actions(folder):
    """Port and token of the Live that was started last; None where none was."""
    match = re.fullmatch(r"(\d+) ([0-9a-f]+)\n", _read(folder, OURS))
    return Actions(int(match[1]), match[2]) if match else None


def _read(folder, name):
    with suppress(OSError, ValueError), open(os.path.join(folder, name), encoding="ascii") as file:
        return file.read(200)
    return ""
