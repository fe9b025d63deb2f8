"""One worker thread for all analyses: queue, progress, cancel, and what finished jobs answered.

The first ending of a job counts (its set, an error, cancelled); nothing is sent for a job after its ending.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segue_bridge.errors import SegueError
from segue_bridge.outbox import Peer
from segue_bridge.protocol import counted_set, error, reply
from segue_bridge.result import Analysis, Options, Region
from segue_bridge.result_cache import Analyse

KEPT_PER_HOST = 16  # endings that /segue/resend can still ask for
KEPT = 128  # an analysis takes some 300 kB
PROGRESS_INTERVAL = 0.1  # seconds

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One request of one host; `ending` is what it answered, None while it is queued or running.

    `analysis` is what it found, None unless it is done.
    """

    peer: Peer
    number: int
    region: Region
    options: Options
    progress: tuple[float, str] = (0.0, "waiting")
    ending: Sequence[bytes] | None = None
    analysis: Analysis | None = None
    stopped: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """All jobs of all hosts. `send(peer, messages)` must return at once."""

    def __init__(self, analyse: Analyse, send: Callable[[Peer, Sequence[bytes]], None]) -> None:
        self._analyse = analyse
        self._send = send
        self._jobs: dict[tuple[Peer, int], Job] = {}  # oldest first
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def submit(self, peer: Peer, number: int, region: Region, options: Options) -> None:
        """Queue a job. Raises SegueError "duplicate_job" while the host's job of that number is alive."""
        with self._lock:
            earlier = self._jobs.get((peer, number))
            if earlier and earlier.ending is None:
                raise SegueError("duplicate_job", f"job {number} is still at work: cancel it or take another number")
            self._jobs.pop((peer, number), None)
            job = self._jobs[peer, number] = Job(peer, number, region, options)
            self._queue.put(job)

    def cancel(self, peer: Peer, number: int) -> None:
        """Stop a job; the host hears at once. Raises SegueError "unknown_job" where none of that number is alive."""
        with self._lock:
            job = self._find(peer, number)
            if job is None or job.ending is not None:
                raise SegueError("unknown_job", f"no job {number} is waiting or at work, so there is nothing to cancel")
            job.stopped.set()
            self._end(job, [reply("/segue/cancelled", number)])

    def resend(self, peer: Peer, number: int) -> None:
        """Send a job's ending again, or its progress. Raises SegueError "unknown_job"."""
        with self._lock:
            job = self._find(peer, number)
            if job is None:
                raise SegueError("unknown_job", f"job {number} is not known any more: ask /segue/analyze again")
            self._send(job.peer, job.ending or [reply("/segue/progress", number, *job.progress)])

    def finished(self, peer: Peer, number: int) -> tuple[Region, Analysis]:
        """What a job was about and what it found. Raises SegueError "unknown_job" or "not_done"."""
        with self._lock:
            job = self._find(peer, number)
            if job is None:
                raise SegueError("unknown_job", f"job {number} is not known any more: ask /segue/analyze again")
            if job.analysis is None:
                raise SegueError("not_done", f"job {number} has found nothing yet: wait for /segue/done")
            return job.region, job.analysis

    def alive(self) -> int:
        """How many jobs are waiting or at work."""
        with self._lock:
            return sum(job.ending is None for job in self._jobs.values())

    def stop(self) -> None:
        """End all jobs, telling their hosts, and the worker as soon as its analysis looks up."""
        with self._lock:
            for job in list(self._jobs.values()):
                job.stopped.set()
                self._end(
                    job, [error(job.number, "stopped", "the daemon was stopped: start `segue serve` and ask again")]
                )
        self._queue.put(None)

    def _find(self, peer: Peer, number: int) -> Job | None:
        """The host's job. A host with a spool may speak from a new UDP port each time: its jobs are found by number."""
        job = self._jobs.get((peer, number))
        if job is None and not isinstance(peer, Path):
            spooled = [job for (owner, n), job in self._jobs.items() if n == number and isinstance(owner, Path)]
            job = spooled[0] if len(spooled) == 1 else None
        return job

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            if job.stopped.is_set():
                continue
            began, analysis = time.monotonic(), None
            try:
                analysis = self._analyse(job.region, job.options, self._reporter(job), job.stopped.is_set)
                ending = counted_set(job.number, analysis)
            except SegueError as fault:
                ending = [error(job.number, fault.code, str(fault))]
            except Exception as fault:
                if not job.stopped.is_set():
                    _log.exception("job %d failed", job.number)
                sentence = (
                    f"the analysis failed ({type(fault).__name__}: {fault}): please report it with the daemon's log"
                )
                ending = [error(job.number, "internal", sentence)]
            _log.info("job %d of %s took %.2f s", job.number, job.peer, time.monotonic() - began)
            with self._lock:
                if job.ending is None:
                    job.analysis = analysis
                self._end(job, ending)

    def _reporter(self, job: Job) -> Callable[[float, str], None]:
        sent = -1.0

        def report(fraction: float, stage: str) -> None:
            nonlocal sent
            with self._lock:
                job.progress = (min(1.0, max(0.0, float(fraction))), stage)
                if job.ending is None and time.monotonic() - sent >= PROGRESS_INTERVAL:
                    sent = time.monotonic()
                    self._send(job.peer, [reply("/segue/progress", job.number, *job.progress)])

        return report

    def _end(self, job: Job, ending: Sequence[bytes]) -> None:
        if job.ending is None:
            job.ending = ending
            self._send(job.peer, ending)
            self._forget_oldest(job.peer)

    def _forget_oldest(self, peer: Peer) -> None:
        ended = [key for key, job in self._jobs.items() if job.ending is not None]
        own = [key for key in ended if key[0] == peer]
        for key in {*own[:-KEPT_PER_HOST], *ended[:-KEPT]}:
            del self._jobs[key]
