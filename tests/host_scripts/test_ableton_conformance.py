"""The Remote Script does what docs/protocol.md asks of every host: conformance.py, in the fake of Live."""

import re
import socket
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from conformance import CASES, RATE, Marker, Rig
from drivers import named
from fake_live import Live
from live_session import act, clip, installed
from lossy import wired
from scripted_daemon import SECONDS, ScriptedDaemon
from segue_bridge import osc

COMMENTARY = re.compile(r"Segue: (looking for cuts|Cancelled\.|\d+ % \w+|\d+ locators placed\..*)")


class LiveDriver:
    """The fake of Live, at 120 bpm."""

    name = "Ableton Live"
    tolerance = 1e-6
    cannot: ClassVar[dict[str, str]] = {}

    def __init__(self, live: Live) -> None:
        self._live = live

    def mark(self, song: Path) -> None:
        rate = {"sample_rate": float(RATE), "sample_length": SECONDS * RATE}
        self._live.song.view._detail_clip = clip(song, **rate)
        act(self._live, "mark")

    def cancel(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as button:
            actions = self._live.surface._daemon._actions
            button.sendto(osc.pack("/segue/action/cancel", "s", [actions.token]), ("127.0.0.1", actions.port))

    def markers(self) -> list[Marker]:
        return [named(name, beats / 2) for name, beats in self._live.locators().items()]

    def told(self) -> list[str]:
        told = [text for text in self._live.told if not COMMENTARY.fullmatch(text)]
        self._live.told.clear()
        return told


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    daemon = ScriptedDaemon(tmp_path_factory.mktemp("spool"))
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_conformance(case, scripted, folder, tmp_path, monkeypatch):
    scripted.asked.clear()
    with Live(installed(tmp_path / "library", scripted.port)) as live, wired() as wire:
        monkeypatch.setattr(sys.modules["Segue.daemon"], "SILENCE", 2.0)
        case(Rig(LiveDriver(live), scripted, wire, folder))
    scripted.restart_if_gone()
