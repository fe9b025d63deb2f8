"""The tests themselves: every one runs, and the data sets are asked for by name."""

import re
from pathlib import Path

TESTS = Path(__file__).parent


def naming(pattern: str) -> list[str]:
    """The test files in which the pattern occurs, but for this one."""
    files = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    return sorted(str(path.relative_to(TESTS)) for path in files if re.search(pattern, path.read_text("utf-8")))


def test_the_data_sets_are_reached_by_fixtures_alone():
    """A test that opened them by their path would pass here and fail where they are not."""
    assert naming(r"""["'/]shared["'/]""") == ["conftest.py", "models/test_paths.py"]


def test_no_test_is_skipped_for_what_can_be_installed():
    assert naming(r"pytest\.skip\(|importorskip\((?!\"(resource|fcntl)\")|environ.get\(\"CI\"") == []
