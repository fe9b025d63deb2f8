"""What reading a recording may raise."""


class AudioError(ValueError):
    """The recording cannot be analysed; `code` is for programs, the message for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["AudioError"], tuple[str, str]]:
        """Both arguments, so that it comes whole out of another process."""
        return type(self), (self.code, str(self))


class Cancelled(Exception):
    """The caller asked to stop."""
