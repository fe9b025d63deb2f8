"""Text of others in our log: one line, no escape sequences, not too long."""

LIMIT = 300  # characters


def clean(text: object) -> str:
    """The text with everything that is no plain character written out, as in \\n, and cut to LIMIT characters."""
    plain = "".join(
        character if character.isprintable() and character != "\\" else character.encode("unicode_escape").decode()
        for character in str(text)[: LIMIT + 1].encode("utf-8", "replace").decode()
    )
    return plain if len(plain) <= LIMIT else plain[: LIMIT - 1] + "…"
