"""The plug-ins in the real Audacity do what docs/protocol.md asks of every host: conformance.py."""

from pathlib import Path
from typing import ClassVar

import pytest

from audacity_session import Audacity
from conformance import CASES, Marker, Rig
from drivers import named
from lossy import wired
from scripted_daemon import SECONDS

SOON = ("many_cuts", "nothing_found", "error")  # each takes seconds: the others are for the long tests


class AudacityDriver:
    """The real Audacity; the set that stands is the newest label track."""

    name = "Audacity"
    tolerance = 1e-6
    cannot: ClassVar[dict[str, str]] = {
        "replaces_the_earlier_set": "Each run of an analysis makes a label track of its own; a plug-in removes them.",
        "cancel": "Audacity stands still while a plug-in runs: there is nothing to press.",
    }

    def __init__(self, audacity: Audacity) -> None:
        self._audacity = audacity
        self.sent = audacity.spool / "selection.au"
        self._songs: list[Path] = []

    def mark(self, song: Path) -> None:
        if song not in self._songs:
            self._audacity.import_(song)
            self._songs.append(song)
        self._audacity.select(0, SECONDS, self._songs.index(song))
        self._audacity.do("SegueMarkCuts:", 90)

    def cancel(self) -> None:
        raise NotImplementedError(self.cannot["cancel"])

    def markers(self) -> list[Marker]:
        tracks = self._audacity.saved_labels()
        return [named(text, seconds) for seconds, text in (tracks[-1] if tracks else [])]

    def told(self) -> list[str]:
        return self._audacity.told()


@pytest.fixture(scope="module")
def pair(studio_audacity):
    with studio_audacity[0].more_lisp("(setf segue-silence 0.4)"):
        yield studio_audacity  # seconds until it asks again; a daemon answers here within milliseconds


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case.__name__ in SOON else pytest.mark.long, id=case.__name__)
        for case in CASES
        if case.__name__ not in AudacityDriver.cannot
    ],
)
def test_conformance(case, pair, folder):
    audacity, daemon = pair
    audacity.forget()
    audacity.told()
    daemon.asked.clear()
    with wired() as wire:
        case(Rig(AudacityDriver(audacity), daemon, wire, folder))
    daemon.restart_if_gone()


def test_what_audacity_cannot_do_is_a_case_and_has_a_reason():
    assert set(AudacityDriver.cannot) <= {case.__name__ for case in CASES}
    assert all(reason.endswith(".") for reason in AudacityDriver.cannot.values())
