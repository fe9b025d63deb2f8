"""What every host must do (docs/protocol.md), as cases that know no host; test_conformance.py runs them on each.

A new host: write a driver, add it to `DRIVERS` in test_conformance.py.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import lossy
from scripted_daemon import SECONDS, ScriptedDaemon, analysis, song
from segue_bridge import PROTOCOL, protocol
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Cut, Region, Transition

LIMIT = 60.0  # seconds after which an action hangs; starting a daemon in vain takes some of them
RATE = 48000


class Marker(NamedTuple):
    """One of our markers; seconds in the source file."""

    kind: str
    seconds: float
    section: str


class Driver(Protocol):
    """A host with our scripts, an empty session, and a daemon it can reach."""

    name: str  # that its hello gives
    tolerance: float  # seconds that a marker may be off
    cannot: ClassVar[Mapping[str, str]]  # name of a case -> why the host cannot do it

    def mark(self, song: Path) -> None:
        """Select an item that plays the song, run "mark cuts", return when the action has ended."""

    def cancel(self) -> None:
        """Stop the action that is at work as the user would; called from another thread."""

    def markers(self) -> list[Marker]:
        """Segue's markers that stand in the session."""

    def told(self) -> list[str]:
        """What the user was told since the last call."""


@dataclass
class Rig:
    """A host, the daemon it talks to, the wire between them, and a place for songs."""

    host: Driver
    daemon: ScriptedDaemon
    wire: lossy.Wire
    folder: Path

    def answer(self, *cuts: Cut) -> None:
        """The daemon finds these cuts at once."""
        self.daemon.answer = lambda region, cancelled: found(*cuts)

    def song(self, name: str = "conformance.wav") -> Path:
        path = self.folder / name
        return path if path.exists() else song(path, RATE)

    def start(self, name: str = "conformance.wav") -> "Future[None]":
        """Begin to mark."""
        done: Future[None] = Future()
        path = self.song(name)

        def run() -> None:
            try:
                done.set_result(self.host.mark(path))
            except BaseException as fault:
                done.set_exception(fault)

        threading.Thread(target=run, daemon=True).start()
        return done

    def mark(self, name: str = "conformance.wav") -> None:
        """Mark; fails where the action hangs."""
        self.start(name).result(LIMIT)

    def stands(self, *cuts: Cut) -> None:
        """Exactly the markers of these cuts stand in the session."""
        wanted = sorted((cut.time, cut.kind, cut.section) for cut in cuts)
        got = sorted((marker.seconds, marker.kind, marker.section) for marker in self.host.markers())
        assert [marker[1:] for marker in got] == [cut[1:] for cut in wanted]
        off = [abs(marker[0] - cut[0]) for marker, cut in zip(got, wanted, strict=True)]
        assert max(off, default=0.0) <= self.host.tolerance

    def works(self, *cuts: Cut) -> "Work":
        """The daemon is at work on the next analysis until it is let or cancelled; then it finds these cuts."""
        work = Work(cuts)
        self.daemon.answer = work
        return work


class Work:
    """An analysis that takes as long as it is let."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        self.begun, self.let, self.cancelled = threading.Event(), threading.Event(), threading.Event()
        self._cuts = cuts

    def __call__(self, region: Region, cancelled: Callable[[], bool]) -> Analysis:
        self.begun.set()
        while not self.let.wait(0.01):
            if cancelled():
                self.cancelled.set()
                break
        return found(*self._cuts)


def found(*cuts: Cut) -> Analysis:
    """A result with these cuts and a transition from each exit to the entry behind it."""
    jumps = [Transition(cut.id, cut.id + 1, 0.5) for cut in cuts[:-1] if cut.kind == "exit"]
    return replace(analysis(list(cuts)), transitions=jumps)


def cuts(count: int, section: str = "A", first: float = 0.1) -> list[Cut]:
    """Cuts over the whole song, alternately exits and entries, at times that are no whole samples."""
    step = (SECONDS - first) / count
    return [
        Cut(i, ("exit", "entry")[i % 2], first + i * step + 1e-6 / 3, 0.3 + i % 70 / 100, 1 + i, 1.0, section)
        for i in range(count)
    ]


def hello(rig: Rig) -> None:
    """The daemon hears the protocol, the host's name and a version."""
    rig.answer(*cuts(2))
    rig.mark()
    said, name, version, _ = next(message.values for message in rig.wire.heard if message.address == "/segue/hello")
    assert (said, name) == (PROTOCOL, rig.host.name) and version


def complete_set(rig: Rig) -> None:
    """Every cut has its marker; the daemon was asked for the song that was selected."""
    rig.answer(*cuts(9))
    rig.mark()
    rig.stands(*cuts(9))
    (asked,) = rig.daemon.asked
    assert asked.paths == (rig.song(),) and asked.start == 0.0
    assert asked.length is None or abs(asked.length - SECONDS) < 1e-3


def replaces_the_earlier_set(rig: Rig) -> None:
    """A second run leaves the second set and nothing of the first."""
    for wanted in (cuts(9), cuts(4, "B", first=0.7)):
        rig.answer(*wanted)
        rig.mark()
    rig.stands(*wanted)


def many_cuts(rig: Rig) -> None:
    """Two hundred."""
    rig.answer(*cuts(200))
    rig.mark()
    rig.stands(*cuts(200))


def lost_cuts(rig: Rig) -> None:
    """Of 40 cuts a third is lost, also of what is sent again: the host asks until it has all."""
    rig.answer(*cuts(40))
    rig.wire.copies = lossy.chance(3, 1 / 3, "/segue/cut", "/segue/transition")
    rig.mark()
    rig.stands(*cuts(40))
    assert len(rig.wire.lost) > 10 and rig.wire.count("/segue/resend") >= 1
    assert len(rig.daemon.asked) == 1, "the song was analysed again for what /segue/resend would have brought"


def lost_end(rig: Rig) -> None:
    """The first /segue/done is lost: the host does not wait for ever."""
    rig.answer(*cuts(5))
    rig.wire.copies = lossy.first("/segue/done")
    rig.mark()
    rig.stands(*cuts(5))
    assert rig.wire.lost and len(rig.daemon.asked) == 1


def lost_request(rig: Rig) -> None:
    """The first request is lost: the daemon knows no such job, and the host asks anew."""
    rig.answer(*cuts(5))
    rig.wire.copies = lossy.first("/segue/analyze")
    rig.mark()
    rig.stands(*cuts(5))
    assert [message.address for message in rig.wire.lost] == ["/segue/analyze"]


def duplicates(rig: Rig) -> None:
    """Every answer comes twice and counts once."""
    rig.answer(*cuts(9))
    rig.wire.copies = lossy.answers_twice
    rig.mark()
    rig.stands(*cuts(9))


def answers_to_others(rig: Rig) -> None:
    """A whole set comes for a job that is not this one, as a host has it that was closed in mid job."""
    work = rig.works(*cuts(5))
    done = rig.start()
    assert work.begun.wait(LIMIT)
    lossy.answer_another(rig.daemon, found(*cuts(9, "B")))
    time.sleep(0.3)
    work.let.set()
    done.result(LIMIT)
    rig.stands(*cuts(5))


def progress(rig: Rig) -> None:
    """Work that takes a while, with more progress than a host can show."""
    work = rig.works(*cuts(5))
    rig.wire.copies = lambda message: 50 if message.address == "/segue/progress" else 1
    done = rig.start()
    assert work.begun.wait(LIMIT)
    time.sleep(0.8)
    assert not done.done()
    work.let.set()
    done.result(LIMIT)
    rig.stands(*cuts(5))


def warning(rig: Rig) -> None:
    """A warning before /segue/done harms nothing."""
    sentence = "the beats of this song are uncertain"
    rig.daemon.answer = lambda region, cancelled: replace(found(*cuts(5)), warnings=[sentence])
    rig.mark()
    rig.stands(*cuts(5))


def nothing_found(rig: Rig) -> None:
    """No cuts: the user is told, and the earlier set stays."""
    rig.answer(*cuts(3))
    rig.mark()
    rig.host.told()
    rig.answer()
    rig.mark()
    rig.stands(*cuts(3))
    assert len(rig.host.told()) == 1


def error(rig: Rig) -> None:
    """The daemon's sentence reaches the user, and the earlier set stays."""
    rig.answer(*cuts(3))
    rig.mark()
    rig.host.told()

    def fail(region: Region, cancelled: Callable[[], bool]) -> Analysis:
        raise SegueError("silence", "the region is silent: select a part with music")

    rig.daemon.answer = fail
    rig.mark()
    rig.stands(*cuts(3))
    (told,) = rig.host.told()
    assert "the region is silent: select a part with music" in told


def non_ascii_names(rig: Rig) -> None:
    """A song and a section whose names are not ASCII."""
    name, section = "naïve ♪ 試聴.wav", "Réfrain ♪"
    rig.answer(*cuts(4, section))
    rig.mark(name)
    rig.stands(*cuts(4, section))
    assert [region.paths for region in rig.daemon.asked] == [(rig.song(name),)]


def cancel(rig: Rig) -> None:
    """Cancel reaches the daemon, what it still finds is ignored, the earlier set stays, the next run works."""
    rig.answer(*cuts(3))
    rig.mark()
    work = rig.works(*cuts(9, "B"))
    done = rig.start()
    assert work.begun.wait(LIMIT)
    rig.host.cancel()
    assert work.cancelled.wait(LIMIT)
    done.result(LIMIT)
    rig.stands(*cuts(3))
    rig.host.told()
    rig.answer(*cuts(4, "C"))
    rig.mark()
    rig.stands(*cuts(4, "C"))


def cancelled_elsewhere(rig: Rig) -> None:
    """The daemon says that the job is cancelled, as it was by another window of the DAW: nobody waits for it."""
    rig.answer(*cuts(3))
    rig.mark()
    work = rig.works(*cuts(9, "B"))
    done = rig.start()
    assert work.begun.wait(LIMIT)
    lossy.cancel_all(rig.daemon)
    done.result(LIMIT)
    rig.stands(*cuts(3))


def no_daemon(rig: Rig) -> None:
    """None runs and none can be started: one sentence; when there is one, the next run works."""
    rig.daemon.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as blocker:
        blocker.bind((protocol.HOST, rig.daemon.port))
        rig.mark()
    assert rig.host.told()
    rig.stands()
    rig.daemon.restart()
    rig.answer(*cuts(3))
    rig.mark()
    rig.stands(*cuts(3))


def daemon_dies_at_work(rig: Rig) -> None:
    """It says no farewell: the user is told, the earlier set stays."""
    rig.answer(*cuts(3))
    rig.mark()
    rig.host.told()
    work = rig.works(*cuts(9, "B"))
    done = rig.start()
    assert work.begun.wait(LIMIT)
    lossy.crash(rig.daemon, rig.wire)
    lossy.age(rig.daemon)
    done.result(LIMIT)
    assert rig.host.told()
    rig.stands(*cuts(3))


def daemon_restarted_between(rig: Rig) -> None:
    """The second run is like the first."""
    for wanted in (cuts(3), cuts(4, "B")):
        rig.answer(*wanted)
        rig.mark()
        rig.stands(*wanted)
        lossy.crash(rig.daemon, rig.wire)
        rig.daemon.restart()


def daemon_restarted_at_work(rig: Rig) -> None:
    """The new daemon knows nothing of the job: the host asks anew, and the user sees nothing of it."""
    work = rig.works(*cuts(9, "B"))
    done = rig.start()
    assert work.begun.wait(LIMIT)
    rig.answer(*cuts(4, "C"))
    lossy.crash(rig.daemon, rig.wire)
    rig.daemon.restart()
    done.result(LIMIT)
    rig.stands(*cuts(4, "C"))
    assert not rig.host.told()


CASES: tuple[Callable[[Rig], None], ...] = (
    hello,
    complete_set,
    replaces_the_earlier_set,
    many_cuts,
    lost_cuts,
    lost_end,
    lost_request,
    duplicates,
    answers_to_others,
    progress,
    warning,
    nothing_found,
    error,
    non_ascii_names,
    cancel,
    cancelled_elsewhere,
    no_daemon,
    daemon_dies_at_work,
    daemon_restarted_between,
    daemon_restarted_at_work,
)
