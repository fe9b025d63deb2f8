"""Names and labels of others, made fit to be printed and to be written into line-based files."""

import re

# Control characters, line and paragraph separators, directions, and bytes of a file's name that are no UTF-8.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    r"""The text with whatever breaks lines or steers a terminal as an escape: a line break as \n."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
