"""What the documents say of the command line is what the command line takes."""

import re
from pathlib import Path

import click
import pytest

from segue_bridge.cli import main
from segue_models import registry

ROOT = Path(__file__).resolve().parents[2]
VERBS = registry.names("segue_bridge.cli")
# In backticks, or alone on an indented line: segue VERB and what is given to it.
CALL = re.compile(rf"(?:`|^ {{4}})segue ({'|'.join(VERBS)})\b([^`\n]*)", re.MULTILINE)
CALLS = [
    (path.relative_to(ROOT), verb, option)
    for path in sorted(ROOT.rglob("*.md"))
    for verb, given in CALL.findall(path.read_text("utf-8"))
    for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", given)
]


def options(command: click.Command) -> set[str]:
    """Those of a verb, and of the verbs below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return {name for param in command.params for name in param.opts}.union(*map(options, below))


def test_every_option_of_the_documents_is_one():
    assert {verb for _, verb, _ in CALLS} >= {"mark", "preview", "learn", "explain", "export", "grid", "serve"}
    assert [call for call in CALLS if call[2] not in options(main.get_command(None, call[1]))] == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_read_me_names_every_verb(verb):
    assert re.search(rf"\bsegue {verb}\b", (ROOT / "README.md").read_text("utf-8"))
