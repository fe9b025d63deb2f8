"""Renders many songs: over processes, resumable, with progress on stderr, stopped cleanly by Ctrl-C."""

import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from segue_models.rendering.mix import Samples
from segue_models.rendering.store import load, save
from segue_models.track import Track

Make = Callable[[str], tuple[Track, Samples]]


def _work(make: Make, folder: Path, version: int, name: str) -> None:
    track, audio = make(name)
    save(folder, track, audio, version)


def rendered(make: Make, names: Sequence[str], folder: Path, version: int, jobs: int, title: str) -> list[Track]:
    """Tracks of all `names`: those not yet in `folder` are made (a picklable function of the name) by `jobs` processes.

    Songs already there are kept. Raises what `make` raises; the songs finished until then stay.
    """
    for stale in folder.glob("*.tmp"):
        stale.unlink(missing_ok=True)
    missing = [name for name in names if load(folder, name, version) is None]
    if missing:
        _make_all(partial(_work, make, folder, version), missing, jobs, title)
    return [track for name in names if (track := load(folder, name, version)) is not None]


def _make_all(work: Callable[[str], None], names: Sequence[str], jobs: int, title: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task(title, total=len(names))
        if jobs <= 1:
            for name in names:
                work(name)
                progress.advance(task)
            return
        ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
        with ProcessPoolExecutor(jobs, initializer=ignore) as pool:
            try:
                for done in as_completed([pool.submit(work, name) for name in names]):
                    done.result()
                    progress.advance(task)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
