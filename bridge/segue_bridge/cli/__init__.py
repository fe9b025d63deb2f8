"""The command `segue`: one file per verb in this folder, found by its name, loaded only when it is asked for.

A verb's module defines `command`. Results go to stdout; progress, notes and one-line errors to stderr.
Exit codes: 0 done, 1 failure, 2 bad input, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn, cast

import click

from segue_bridge import registry
from segue_bridge.console import note
from segue_bridge.errors import SegueError

# The user gave nothing wrong, the machine or the installation failed; every other code is bad input.
FAILURES = frozenset(
    {"internal", "failed", "timeout", "no_daemon", "port_taken", "no_model", "no_extra"}
    | {"no_host", "host_running", "no_slot", "bad_host_file"}
)


class Verbs(click.Group):
    """The verbs in this folder; turns every fault into one line on stderr and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all verbs."""
        return registry.names(__name__)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(click.Command, import_module(f"{__name__}.{cmd_name}").command)

    def main(  # type: ignore[override]  # click has two signatures, by standalone_mode; this one never returns
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run one verb and leave the process with its exit code."""
        extra["standalone_mode"] = False  # click would print usage lines around its errors
        if not (sys.argv[1:] if args is None else args):
            args = ["--help"]
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a console without ◀ shows ? instead of a traceback
        sys.exit(_guarded(lambda: super(Verbs, self).main(args, prog_name, **extra)))


def _guarded(run: Any) -> int:
    """Exit code of `run`, after telling its fault in one line."""
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except SegueError as fault:
        note(f"segue: {fault}")
        return 1 if fault.code in FAILURES else 2
    except click.ClickException as fault:
        note(f"segue: {fault.format_message()}")
        return fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        note("segue: stopped")
        return 130
    except OSError as fault:
        note(f"segue: {fault.strerror or fault}: {fault.filename or ''}".rstrip(": "))
        return 1


def _version() -> str:
    try:
        return version("segue")
    except PackageNotFoundError:
        return "not installed"


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), prog_name="segue", message="%(prog)s %(version)s")
def main() -> None:
    """Shows where a recording can be cut: the moments to leave it (exits) and to enter it (entries)."""
