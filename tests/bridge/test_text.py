"""Names of others on one line, as they are where they do no harm."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from segue_bridge.text import one_line


def test_what_steers_becomes_an_escape_and_the_rest_stays() -> None:
    assert one_line("a\nb\x1b[31m\u2028\x85\u202e\udce9") == r"a\nb\x1b[31m\u2028\x85\u202e\udce9"
    plain = "é ◀ 日本\u3000語 \u00a0👩\u200d🎤 עברית \\n"
    assert one_line(plain) == plain


@given(st.text())
def test_any_text_is_one_line_that_can_be_encoded(text: str) -> None:
    line = one_line(text)
    line.encode()
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
    assert one_line(line) == line
