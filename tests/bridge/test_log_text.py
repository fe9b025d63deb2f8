import pytest

from segue_bridge.log_text import LIMIT, clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ardour 8.12 – é ♪ 曲", "Ardour 8.12 – é ♪ 曲"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[2J\x9b1m", "\\x1b[2J\\x9b1m"),
        ("\u2028\u202e\ufeff", "\\u2028\\u202e\\ufeff"),
        ("\\n is not a line", "\\\\n is not a line"),
        ("\udc80", "?"),
        (("127.0.0.1", 9), "('127.0.0.1', 9)"),
    ],
)
def test_one_line_that_shows_what_was_there(text, shown):
    assert clean(text) == shown


def test_what_is_long_is_cut():
    assert clean("x" * LIMIT) == "x" * LIMIT
    for text in ("x" * 10**6, "\n" * 10**6):
        assert len(clean(text)) == LIMIT and clean(text).endswith("…")
