"""Faults a user can act on: a short code for programs and one sentence for people."""


class SegueError(Exception):
    """A fault with a `code` (for OSC and exit codes) and a message that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
