"""What happens to a finished analysis: its transitions are listened to, and its cuts judged.

One thread beside the worker, so that a preview does not wait for another song's analysis.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from segue_bridge import verdicts
from segue_bridge.errors import SegueError
from segue_bridge.jobs import Jobs
from segue_bridge.outbox import Peer
from segue_bridge.protocol import error, reply

_log = logging.getLogger(__name__)


class Auditions:
    """Previews and verdicts of the jobs in `jobs`. `send(peer, messages)` must return at once."""

    def __init__(self, jobs: Jobs, send: Callable[[Peer, Sequence[bytes]], None]) -> None:
        self._jobs = jobs
        self._send = send
        self._thread = ThreadPoolExecutor(1, "auditions")

    def preview(self, peer: Peer, job: int, exit: int, entry: int, before: float, after: float) -> None:
        """Render a transition of a finished job and say where it lies.

        Raises SegueError "unknown_job", "not_done", "unknown_cut".
        """
        region, analysis = self._jobs.finished(peer, job)
        leave, enter = verdicts.find(analysis, exit, "exit").time, verdicts.find(analysis, entry, "entry").time
        beats = [beat.time for beat in analysis.beats]

        def work() -> list[bytes]:
            from segue_bridge import preview  # takes a second: the daemon answers hello before

            made = preview.make(region.paths, leave, enter, beats, before, after)
            s = made.splice
            return [
                reply("/segue/preview/splice", job, exit, entry, s.leave, s.enter, s.ahead, s.fade, s.gain),
                reply("/segue/preview/file", job, str(made.wav), made.join),
            ]

        self._thread.submit(self._answer, peer, job, work)

    def verdict(self, peer: Peer, job: int, cut: int, verdict: str, kind: str, time: float) -> None:
        """Keep what the user thinks of a cut. Raises SegueError "unknown_job", "not_done"."""
        region, analysis = self._jobs.finished(peer, job)

        def work() -> list[bytes]:
            verdicts.note(region, analysis, cut, verdict, kind, time)
            return [reply("/segue/noted", job, cut)]

        self._thread.submit(self._answer, peer, job, work)

    def stop(self) -> None:
        """Drop what is not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, peer: Peer, job: int, work: Callable[[], list[bytes]]) -> None:
        try:
            self._send(peer, work())
        except SegueError as fault:
            self._send(peer, [error(job, fault.code, str(fault))])
        except Exception as fault:
            _log.exception("an audition of job %d failed", job)
            sentence = f"this failed ({type(fault).__name__}: {fault}): please report it with the daemon's log"
            self._send(peer, [error(job, "internal", sentence)])
