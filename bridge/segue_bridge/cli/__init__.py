"""The command `segue`: one file per verb in this folder, found by its name, loaded only when it is asked for.

A verb's module defines `command`. Results go to stdout; progress, notes and one-line errors to stderr.
Exit codes: 0 done, 1 failure, 2 bad input, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn, cast

import click

from segue_bridge.cli._guard import guarded
from segue_models import registry


class Verbs(click.Group):
    """The verbs in this folder; turns every fault into one line on stderr and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all verbs."""
        return registry.names(__name__)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(click.Command, registry.load(__name__, cmd_name).command)

    def main(  # type: ignore[override]  # click has two signatures, by standalone_mode; this one never returns
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run one verb and leave the process with its exit code."""
        extra["standalone_mode"] = False  # click would print usage lines around its errors
        if not (sys.argv[1:] if args is None else args):
            args = ["--help"]
        sys.exit(guarded(lambda: super(Verbs, self).main(args, prog_name, **extra)))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="segue", prog_name="segue", message="%(prog)s %(version)s")
def main() -> None:
    """Shows where a recording can be cut: the moments to leave it (exits) and to enter it (entries)."""
