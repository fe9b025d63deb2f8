"""What every host must do (docs/protocol.md), as cases that know no host; test_conformance.py runs them on each.

A new host: write a driver (rig.py: Driver), add it to drivers.py and to `HOSTS` in test_conformance.py.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import replace

import lossy
from rig import RATE, Marker, Rig, cuts, found
from scripted_daemon import LIMIT, SECONDS
from segue_bridge import PROTOCOL, protocol
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Region

__all__ = ["CASES", "RATE", "Marker", "Rig"]


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
    assert asked.paths == (rig.sent(rig.song()),) and asked.start == 0.0
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
    assert [region.paths for region in rig.daemon.asked] == [(rig.sent(rig.song(name)),)]


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


def pick_up(rig: Rig) -> None:
    """A cut before the first downbeat is in no bar: its marker says so, and is known again as ours."""
    early = [replace(cut, bar=None, beat=None) for cut in cuts(3)]
    for wanted in (early, cuts(4, "B")):
        rig.answer(*wanted)
        rig.mark()
        rig.stands(*wanted)


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
    pick_up,
)
