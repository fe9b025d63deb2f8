"""Many configurations trained one after the other or at once: one JSON record each, so that a stopped run goes on."""

import json
import multiprocessing
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from segue_models import files
from segue_models.training.grid import trial
from segue_models.training.grid.configurations import Configuration

Log = Callable[[float, str], None]
"""Called with the done fraction in 0..1 and what to say of it."""


def run(configurations: Sequence[Configuration], folder: Path, workers: Executor, command: str, log: Log) -> int:
    """Train what has no whole record in `folder` yet; returns how many failed.

    A failure is a record with the sentence of its fault; the next run tries it again. Raises ValueError where a worker
    dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = [c for c in configurations if not finished(folder / f"{c.key}.json")]
    left.sort(key=lambda c: json.dumps(c.recipe.as_dict()["data"], sort_keys=True))  # a worker loads the songs once
    work = {c.key: trial.work(c.recipe) for c in left}
    total, start = sum(work.values()), time.monotonic()
    done, failed, worked = len(configurations) - len(left), 0, 0.0
    log(0.0, f"{done} of {len(configurations)} are there")
    futures = {workers.submit(trial.outcome, c): c for c in left}
    for future in as_completed(futures):
        configuration = futures[future]
        record = {**_asked(configuration), "command": command, **_result(future)}
        _write(folder / f"{configuration.key}.json", record)
        done, failed, worked = done + 1, failed + ("failed" in record), worked + work[configuration.key]
        minutes = (time.monotonic() - start) / worked * (total - worked) / 60
        log(worked / total, f"{done} of {len(configurations)}, {failed} failed, about {minutes:.0f} min left")
    return failed


def finished(path: Path) -> bool:
    """Whether a record is there and is none of a failure."""
    try:
        return "failed" not in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


@contextmanager
def processes(count: int, memory_gb: float) -> Iterator[Executor]:
    """`count` processes that share this machine's cores; a training that needs more than `memory_gb` fails (0: no cap).

    Left by an exception, by Ctrl-C or `kill` too, they end at once. Call it in the main thread.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    threads = max(1, torch.get_num_threads() // count)  # OMP_NUM_THREADS, or the cores
    with tempfile.TemporaryDirectory(prefix="segue-grid-") as scratch:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(count, context, _begin, (threads, memory_gb, scratch))
        try:
            yield pool
            pool.shutdown()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
                child.join()
            raise
        finally:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def machines(scheduler: str) -> Iterator[Executor]:
    """The workers of a dask scheduler (tcp://host:8786); each needs Segue, the data sets and one thread.

    Raises ValueError where no scheduler answers.
    """
    import distributed

    connect: Any = distributed.Client  # has no types
    try:
        client = connect(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as fault:
        raise ValueError(f"no dask scheduler answers at {scheduler}: start `dask scheduler` there") from fault
    with client:
        pool = client.get_executor(pure=False)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)


def _begin(threads: int, memory_gb: float, scratch: str) -> None:
    """Set up a process of this machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its children
    torch.set_num_threads(threads)
    tempfile.tempdir = scratch
    if memory_gb:
        import resource  # not on Windows

        cap = int(memory_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (cap, cap))


def _asked(c: Configuration) -> dict[str, Any]:
    return {
        "key": c.key, "grid": c.grid, "role": c.role, "levels": c.levels, "seed": c.recipe.seed, "songs": c.songs,
        "fold": c.fold, "folds": c.folds, "configuration": c.recipe.as_dict(),
    }  # fmt: skip


def _result(future: "Future[dict[str, Any]]") -> dict[str, Any]:
    try:
        return future.result()
    except BrokenProcessPool as fault:
        raise ValueError("a process died, of too little memory maybe: take fewer --workers, or cap --memory") from fault
    except Exception as fault:  # whatever one training meets must not end the others
        return {"failed": f"{type(fault).__name__}: {str(fault).strip() or 'no more is known'}"}


def _write(path: Path, record: dict[str, Any]) -> None:
    """All of the record or nothing of it."""
    files.write(path, json.dumps(record, indent=1).encode())
