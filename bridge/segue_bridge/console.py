"""What people see: progress and notes on stderr, a result on stdout, colour only where it is wanted."""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from segue_bridge.text import one_line

Progress = Callable[[float, str], None]
"""Called with the done fraction in 0..1 and the name of the stage."""

SPARSE_SECONDS = 60.0  # between two lines of a log; short work says nothing


def note(text: str) -> None:
    """Print one line for people on stderr, where there is one."""
    with suppress(OSError):
        click.echo(one_line(text), err=True)


def show(text: str) -> None:
    """Print a result on stdout: exit lines (◀) red and entry lines (▶) green, where colours are wanted."""
    text = re.sub(r"(?m)^◀.*$", lambda m: click.style(m[0], fg="red"), text)
    text = re.sub(r"(?m)^▶.*$", lambda m: click.style(m[0], fg="green"), text)
    click.echo(text, nl=False, color=_colours())


def _colours() -> bool:
    """Whether stdout gets colours, by no-color.org, force-color.org and bixense.com/clicolors."""
    said = os.environ.get
    if said("NO_COLOR"):
        return False
    if said("FORCE_COLOR", "0") not in ("", "0") or said("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and said("TERM") != "dumb" and said("CLICOLOR") != "0"


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show how far a long piece of work is: a bar in a terminal, a line a minute elsewhere."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    with _bar(title) if is_terminal else _lines(title) as report:
        yield report


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[stage]}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=1.0, stage="")
        yield lambda fraction, stage: bar.update(task, completed=fraction, stage=escape(stage))


@contextmanager
def _lines(title: str) -> Iterator[Progress]:
    at = "begins"
    over = threading.Event()

    def report(fraction: float, stage: str) -> None:
        nonlocal at
        at = f"{100 * fraction:.0f} % {stage}"

    def tell() -> None:
        """From a thread of its own: one stage of a long recording takes longer than a minute."""
        while not over.wait(SPARSE_SECONDS):
            note(f"{title}: {at}")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield report
    finally:
        over.set()
        teller.join()
