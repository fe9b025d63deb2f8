"""What happens to a finished analysis: its transitions are listened to, and its cuts judged.

Two threads beside the worker: a preview does not wait for another song's analysis, nor a verdict for previews. In each
hosts take turns. Of one host the preview it asked for last comes first: that is the one the user waits for.
"""

import itertools
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from segue_bridge import feedback
from segue_bridge.errors import SegueError
from segue_bridge.faults import plain
from segue_bridge.jobs import Jobs
from segue_bridge.outbox import Peer
from segue_bridge.protocol import error, reply
from segue_bridge.turns import Turns

PREVIEWS_PER_HOST, PREVIEWS = 250, 2_500  # waiting
VERDICTS_PER_HOST, VERDICTS = 1_000, 10_000
HOSTS = 256  # whose last preview is remembered

_log = logging.getLogger(__name__)

Work = Callable[[], None]


class PreviewWorker:
    """Previews and verdicts of the jobs in `jobs`. `send(peer, messages)` must return at once."""

    def __init__(self, jobs: Jobs, send: Callable[[Peer, Sequence[bytes]], None]) -> None:
        self._jobs = jobs
        self._send = send
        self._previews: Turns[Work] = Turns(PREVIEWS_PER_HOST, PREVIEWS, newest_first=True)
        self._verdicts: Turns[Work] = Turns(VERDICTS_PER_HOST, VERDICTS)
        self._told: OrderedDict[Peer, Path] = OrderedDict()  # the preview that each host was told of last
        self._numbers = itertools.count()
        for name, queue in (("previews", self._previews), ("verdicts", self._verdicts)):
            threading.Thread(target=_work_off, args=(queue,), name=name, daemon=True).start()

    def preview(self, peer: Peer, job: int, exit: int, entry: int, before: float, after: float) -> None:
        """Render a transition of a finished job and say where it lies; asked twice while it waits, it is made once.

        Raises SegueError "unknown_job", "not_done", "unknown_cut", "too_many".
        """
        region, analysis = self._jobs.finished(peer, job)
        leave, enter = feedback.find(analysis, exit, "exit").time, feedback.find(analysis, entry, "entry").time

        def work() -> list[bytes]:
            from segue_bridge import preview  # takes a second: the daemon answers hello before

            beats = [beat.time for beat in analysis.beats]
            made = preview.make(region.paths, leave, enter, beats, before, after, set(self._told.values()))
            self._told.pop(peer, None)
            self._told[peer] = made.wav
            if len(self._told) > HOSTS:
                self._told.popitem(last=False)
            s = made.splice
            return [
                reply("/segue/preview/splice", job, exit, entry, s.leave, s.enter, s.ahead, s.fade, s.gain),
                reply("/segue/preview/file", job, str(made.wav), made.join),
            ]

        key = (job, exit, entry, before, after)
        if not self._previews.put(peer, key, lambda: self._answer(peer, job, "the preview", work)):
            sentence = f"too many previews are waiting (at most {PREVIEWS_PER_HOST} of a host): wait for some to come"
            raise SegueError("too_many", sentence)

    def verdict(self, peer: Peer, job: int, cut: int, verdict: str, kind: str, time: float) -> None:
        """Keep what the user thinks of a cut. Raises SegueError "unknown_job", "not_done", "too_many"."""
        region, analysis = self._jobs.finished(peer, job)

        def work() -> list[bytes]:
            feedback.note(region, analysis, cut, verdict, kind, time)
            return [reply("/segue/noted", job, cut)]

        key = next(self._numbers)
        if not self._verdicts.put(peer, key, lambda: self._answer(peer, job, "the verdict", work)):
            sentence = f"too many verdicts are waiting (at most {VERDICTS_PER_HOST} of a host): say it again later"
            raise SegueError("too_many", sentence)

    def stop(self) -> None:
        """Drop what is not begun."""
        for queue in (self._previews, self._verdicts):
            queue.clear()
            queue.close()

    def _answer(self, peer: Peer, job: int, what: str, work: Callable[[], list[bytes]]) -> None:
        try:
            self._send(peer, work())
        except Exception as fault:
            told = plain(fault, what)
            if told.code == "internal":
                _log.exception("%s of job %d failed", what, job)
            self._send(peer, [error(job, told.code, str(told))])


def _work_off(queue: Turns[Work]) -> None:
    while (work := queue.take()) is not None:
        work()
