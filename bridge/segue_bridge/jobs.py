"""One worker thread for all analyses: hosts take turns; progress, cancel, and what finished jobs answered.

The first ending of a job counts (its set, an error, cancelled); nothing is sent for a job after its ending.
"""

import logging
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segue_bridge.errors import SegueError
from segue_bridge.faults import plain
from segue_bridge.outbox import Peer
from segue_bridge.protocol import counted_set, error, reply
from segue_bridge.result import Analysis, Options, Region
from segue_bridge.result_cache import Analyse
from segue_bridge.turns import Turns

KEPT_PER_HOST = 16  # endings that /segue/resend can still ask for
KEPT = 128  # an analysis takes some 300 kB
WAITING_PER_HOST = 2_000  # jobs; more than a session has items
WAITING = 20_000
WAITING_BYTES = 64 << 20  # of the paths they name
PROGRESS_INTERVAL = 0.1  # seconds
FAREWELL_SECONDS = 0.3  # for telling hosts that the daemon stops

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

    @property
    def size(self) -> int:
        """Bytes of the paths it names."""
        return sum(len(str(path)) for path in self.region.paths)


class Jobs:
    """All jobs of all hosts. `send(peer, messages)` must return at once."""

    def __init__(self, analyse: Analyse, send: Callable[[Peer, Sequence[bytes]], None]) -> None:
        self._analyse = analyse
        self._send = send
        self._jobs: dict[tuple[Peer, int], Job] = {}
        self._spooled: dict[int, set[Path]] = defaultdict(set)  # spools that have a job of that number
        self._ended: dict[Peer, OrderedDict[int, None]] = {}  # numbers by host, oldest first
        self._endings: OrderedDict[tuple[Peer, int], None] = OrderedDict()  # of all hosts, oldest first
        self._alive = self._alive_bytes = 0
        self._waiting: Turns[Job] = Turns(WAITING_PER_HOST, WAITING)
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def submit(self, peer: Peer, number: int, region: Region, options: Options) -> None:
        """Queue a job. Raises SegueError "duplicate_job" while the host's job of that number is alive, "too_many"."""
        with self._lock:
            earlier = self._jobs.get((peer, number))
            if earlier and earlier.ending is None:
                raise SegueError("duplicate_job", f"job {number} is still at work: cancel it or take another number")
            job = Job(peer, number, region, options)
            if self._alive_bytes + job.size > WAITING_BYTES or not self._waiting.put(peer, number, job):
                raise SegueError(
                    "too_many",
                    f"{self._alive} jobs are waiting, and no more find room (at most {WAITING_PER_HOST} of a host): "
                    "wait for some to end, or cancel them",
                )
            self._forget(peer, number)
            self._jobs[peer, number] = job
            self._alive, self._alive_bytes = self._alive + 1, self._alive_bytes + job.size
            if isinstance(peer, Path):
                self._spooled[number].add(peer)

    def cancel(self, peer: Peer, number: int) -> None:
        """Stop a job; the host hears at once. Raises SegueError "unknown_job" where none of that number is alive."""
        with self._lock:
            job = self._find(peer, number)
            if job is None or job.ending is not None:
                raise SegueError("unknown_job", f"no job {number} is waiting or at work, so there is nothing to cancel")
            job.stopped.set()
            self._waiting.drop(job.peer, number)
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
        return self._alive

    def stop(self) -> None:
        """End all jobs and the worker as soon as its analysis looks up; as many hosts are told as a moment allows."""
        sentence = "the daemon was stopped: start `segue serve` and ask again"
        until = time.monotonic() + FAREWELL_SECONDS
        told: dict[Peer, list[bytes]] = defaultdict(list)
        with self._lock:
            self._waiting.clear()
            self._waiting.close()
            self._alive = self._alive_bytes = 0
            for job in [job for job in self._jobs.values() if job.ending is None]:
                job.stopped.set()
                job.ending = ()
                if time.monotonic() < until:
                    told[job.peer].append(error(job.number, "stopped", sentence))
        for peer, messages in told.items():
            self._send(peer, messages)

    def _find(self, peer: Peer, number: int) -> Job | None:
        """The host's job. A host with a spool may speak from a new UDP port each time: its jobs are found by number."""
        job = self._jobs.get((peer, number))
        if job is None and not isinstance(peer, Path) and len(spools := self._spooled.get(number, ())) == 1:
            job = self._jobs[next(iter(spools)), number]
        return job

    def _run(self) -> None:
        while (job := self._waiting.take()) is not None:
            if job.stopped.is_set():
                continue
            began, analysis = time.monotonic(), None
            try:
                analysis = self._analyse(job.region, job.options, self._reporter(job), job.stopped.is_set)
                ending = counted_set(job.number, analysis)
            except Exception as fault:
                analysis = None
                told = plain(fault, "the analysis")
                if told.code == "internal" and not job.stopped.is_set():
                    _log.exception("job %d failed", job.number)
                ending = [error(job.number, told.code, str(told))]
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
        if job.ending is not None:
            return
        job.ending = ending
        self._alive, self._alive_bytes = self._alive - 1, self._alive_bytes - job.size
        self._send(job.peer, ending)
        self._ended.setdefault(job.peer, OrderedDict())[job.number] = None
        self._endings[job.peer, job.number] = None
        if len(own := self._ended[job.peer]) > KEPT_PER_HOST:
            self._forget(job.peer, next(iter(own)))
        if len(self._endings) > KEPT:
            self._forget(*next(iter(self._endings)))

    def _forget(self, peer: Peer, number: int) -> None:
        """Forget a job that has ended, where there is one of that number."""
        if self._jobs.pop((peer, number), None) is None:
            return
        del self._endings[peer, number], self._ended[peer][number]
        if not self._ended[peer]:
            del self._ended[peer]
        if isinstance(peer, Path):
            self._spooled[number].discard(peer)
            if not self._spooled[number]:
                del self._spooled[number]
