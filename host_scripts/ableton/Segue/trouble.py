"""The one fault of this script."""


class Trouble(Exception):
    """What cannot be done; the message is one sentence that tells the user what to do."""
