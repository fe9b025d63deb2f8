"""What people see in a terminal: progress and notes on stderr, colour only where there is a terminal."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

Progress = Callable[[float, str], None]
"""Called with the done fraction in 0..1 and the name of the stage."""

SPARSE_SECONDS = 2.0  # between two lines of a log; short work says nothing


def note(text: str) -> None:
    """Print one line for people on stderr."""
    click.echo(text, err=True)


def paint(text: str) -> str:
    """Colour exit lines (◀) red and entry lines (▶) green; click drops the colour where there is no terminal."""
    text = re.sub(r"(?m)^◀.*$", lambda m: click.style(m[0], fg="red"), text)
    return re.sub(r"(?m)^▶.*$", lambda m: click.style(m[0], fg="green"), text)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show how far a long piece of work is: a bar in a terminal, sparse lines elsewhere."""
    if sys.stderr.isatty():
        with _bar(title) as report:
            yield report
    else:
        yield _lines(title)


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


def _lines(title: str) -> Progress:
    last = time.monotonic()

    def report(fraction: float, stage: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SPARSE_SECONDS:
            note(f"{title}: {100 * fraction:.0f} % {stage}")
            last = now

    return report


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a whole file, also piece by piece, or nothing: to a hidden neighbour first, then renamed onto `path`.

    Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
