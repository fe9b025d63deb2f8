"""Names of markers: those of every earlier version and format are known again, those that people give are theirs."""

import pytest

from segue_bridge import marker_name


@pytest.mark.parametrize(
    ("given", "kind", "ours"),
    [
        ("exit", "exit", False),
        ("Entry 2", "entry", False),
        ("▶", "entry", False),
        ("◀ hier raus", "exit", False),
        ("> entry by hand", "entry", False),
        ("◀ exit 0.91 · B · bar 17", "exit", True),
        ("< exit 0.91 - bar -3", "exit", True),
        ("▶ entry 0.88 · A · no bar", "entry", True),
        ("▶ entry 0.88 · A · pick-up", "entry", True),
        ("> entry 0.88 - pick-up", "entry", True),
        ("▶ entry 0.88 · A · pick-up ✓", "entry", False),
        ("◀ exit 0.91 · B · bar 17 ✓", "exit", False),
        ("◀ exit 0.91 · B · bar 17 too early", "exit", False),
        ("exiting", None, False),
        ("chorus exit", None, False),
        (">>", None, False),
        ("", None, False),
    ],
)
def test_a_name_says_what_a_marker_is(given, kind, ours):
    assert (marker_name.kind(given), marker_name.is_ours(given)) == (kind, ours)
