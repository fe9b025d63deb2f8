"""What the cases of conformance.py stand on: a driver of the host, a daemon that works as long as it is let, cuts."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import lossy
from scripted_daemon import LIMIT, SECONDS, ScriptedDaemon, analysis, song
from segue_bridge.result import Analysis, Cut, Region, Transition

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

    def sent(self, song: Path) -> Path:
        """The file that the host asks about: the song itself, unless the host has a `sent` of its own."""
        return getattr(self.host, "sent", song)

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
