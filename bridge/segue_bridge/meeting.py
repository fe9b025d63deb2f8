"""Where this user's daemon is met, and how both ends know each other: a file in the user's data folder.

`daemons/9721` belongs to the daemon that was asked to serve port 9721 and says, on one line: the port it really has
(another user's daemon may have been faster), a token that hosts say to it, and one that it says to them. Nobody else
can read it, and every daemon makes new tokens: a stranger that takes the port of a dead one learns nothing of use.
"""

import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from segue_bridge import osc, private

_LINE = re.compile(rb"(\d{1,5}) ([0-9a-f]{32}) ([0-9a-f]{32})\n")


@dataclass(frozen=True)
class Meeting:
    """port: the daemon's own; token: what a host says; proof: what the daemon answers."""

    port: int
    token: str
    proof: str

    def knows(self, token: str) -> bool:
        """Whether a host said the right token, however long the comparison of a wrong one takes."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())

    def heads(self, packet: bytes) -> bool:
        """Whether a packet is a bundle that begins with /segue/token and the right token; nothing is parsed."""
        head = osc.frame([osc.pack("/segue/token", "s", [self.token])])
        at = osc.BUNDLE_HEAD
        return packet.startswith(b"#bundle\0") and hmac.compare_digest(packet[at : at + len(head)], head)


def folder() -> Path:
    """Of the files of all daemons of this user."""
    return Path(platformdirs.user_data_dir("segue", appauthor=False)) / "daemons"


def announce(asked: int, port: int) -> Meeting:
    """Make the file of the daemon that was asked to serve `asked` and serves `port`. Raises OSError, Exposed."""
    made = new(port)
    private.make(folder())
    with private.opened(folder()) as place:
        place.replace(str(asked), f"{made.port} {made.token} {made.proof}\n".encode())
    return made


def new(port: int) -> Meeting:
    """Fresh tokens."""
    return Meeting(port, secrets.token_hex(16), secrets.token_hex(16))


def find(asked: int) -> Meeting | None:
    """What the file says of the daemon that was asked to serve `asked`; None where there is none of ours."""
    with suppress(OSError), private.opened(folder()) as place:
        match = _LINE.fullmatch(place.read(str(asked), 200) or b"")
        if match:
            return Meeting(int(match[1]), match[2].decode(), match[3].decode())
    return None


def withdraw(asked: int, made: Meeting) -> None:
    """Take the file away, if it is still of this daemon."""
    if find(asked) == made:
        with suppress(OSError), private.opened(folder()) as place:
            place.remove(str(asked))
