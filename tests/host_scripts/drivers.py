"""The hosts that test_conformance.py runs conformance.py on; others are beside their tests."""

import os
import random
import re
import threading
import time
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from ardour_session import wait_for
from reaper_session import Reaper, literal
from rig import Marker
from scripted_daemon import SECONDS
from segue_bridge import PROTOCOL, osc, protocol, spool
from segue_bridge.client import Client
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _scripts
from segue_bridge.result import Cut

PATIENCE = 0.4  # seconds until a host asks again; a daemon answers here within milliseconds
GLYPHS = re.compile(r"[◀▶] (exit|entry) \d\.\d\d(?: · (.*))? · (?:bar \d+|no bar)")


def named(name: str, seconds: float) -> Marker:
    """A marker as its name says."""
    match = GLYPHS.fullmatch(name)
    assert match, f"{name} is no name of ours"
    return Marker(match[1], seconds, match[2] or "")


class Plain:
    """What a host without a DAW has: markers in memory, a place for sentences."""

    tolerance = 0.0
    cannot: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self._markers: list[Marker] = []
        self._told: list[str] = []

    def markers(self) -> list[Marker]:
        return self._markers

    def told(self) -> list[str]:
        told, self._told = self._told, []
        return told

    def place(self, cuts: list[Cut]) -> None:
        if cuts:
            self._markers = [Marker(cut.kind, cut.time, cut.section) for cut in cuts]
        else:
            self._told.append("No good place to cut was found.")


class PythonClient(Plain):
    """segue_bridge.client over UDP: the reference."""

    name = "Python"

    def __init__(self, port: int) -> None:
        super().__init__()
        self._client = Client(port)
        self._job: int | None = None

    def mark(self, song: Path) -> None:
        self._job = None
        try:
            self._client.hello(self.name)
            self._job = self._client.submit([song])
            self.place(self._client.result(self._job).cuts)
        except SegueError as fault:
            self._told.append(str(fault))

    def cancel(self) -> None:
        self._client.cancel(wait_for(lambda: self._job, "the job's number"))


class Files(Plain):
    """A host that has nothing but a spool folder, written from docs/protocol.md."""

    name = "Files"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._job = random.randrange(1 << 30)
        self._cancelled = threading.Event()

    def mark(self, song: Path) -> None:
        self._cancelled.clear()
        spool.take(self._folder / "to_host")
        self._job += 1
        cuts: dict[int, Cut] = {}
        jumps: set[tuple[int, int]] = set()
        self._ask(song)
        heard = time.monotonic()
        while not self._cancelled.wait(0.02):
            if not self._alive():
                return self._give_up("Segue is not running: start `segue serve`, then mark again.")
            if time.monotonic() - heard > PATIENCE:
                self._say(("/segue/resend", self._job))
                heard = time.monotonic()
            for address, values in self._take():
                heard = time.monotonic()
                match address:
                    case "/segue/cut":
                        cuts[values["id"]] = Cut(**values)
                    case "/segue/transition":
                        jumps.add((values["exit"], values["entry"]))
                    case "/segue/done" if (len(cuts), len(jumps)) == (values["cuts"], values["transitions"]):
                        return self.place(list(cuts.values()))
                    case "/segue/done":
                        self._say(("/segue/resend", self._job))
                    case "/segue/error" if values["code"] == "unknown_job":
                        self._ask(song)
                    case "/segue/cancelled":
                        self._told.append("The work was cancelled: mark again.")
                        return
                    case "/segue/error":
                        self._told.append(values["message"])
                        return
        self._say(("/segue/cancel", self._job))

    def cancel(self) -> None:
        self._cancelled.set()

    def _ask(self, song: Path) -> None:
        hello = ("/segue/hello", PROTOCOL, self.name, "1.0", "")
        self._say(hello, ("/segue/analyze", self._job, str(song), 0.0, 0.0, ""))

    def _say(self, *messages: tuple) -> None:
        spool.write(self._folder / "to_daemon", [protocol.reply(*message, sender="host") for message in messages])

    def _take(self) -> list[tuple[str, dict]]:
        """Address and arguments of the messages about our job."""
        packets = [packet for file in spool.take(self._folder / "to_host") for packet in osc.unframe(file)]
        messages = [message for packet in packets for message in osc.parse(packet)]
        read = [(message.address, protocol.arguments(message, "daemon")) for message in messages]
        return [(address, values) for address, values in read if values.pop("job", None) == self._job]

    def _alive(self) -> bool:
        try:
            return time.time() - int((self._folder / "daemon.alive").read_text().split()[2]) <= 5
        except FileNotFoundError:
            return False

    def _give_up(self, sentence: str) -> None:
        for path in (self._folder / "to_daemon").glob("*.osc"):
            os.unlink(path)
        self._told.append(sentence)


class ReaperBySpool:
    """The Lua actions in the fake REAPER, which reads its spool folder."""

    name = "REAPER"
    tolerance = 1e-9
    cannot: ClassVar[dict[str, str]] = {}
    lua, sockets = "lua5.4", False

    def __init__(self, folder: Path, spool_folder: Path, port: int) -> None:
        with patch.object(protocol, "PORT", port):
            start = _scripts.start_command(spool_folder)
        self._reaper = Reaper(self.lua, folder, spool_folder, port, start)
        talk = folder / "Scripts" / "Segue" / "lib" / "talk.lua"
        talk.write_text(
            talk.read_text("utf-8").replace("local PATIENCE = 2 ", f"local PATIENCE = {PATIENCE} "), "utf-8"
        )
        self._reaper.lua(f"fake.sockets = {literal(self.sockets)}")
        self._cancelled = threading.Event()
        self._songs: list[Path] = []

    def close(self) -> None:
        self._reaper.close()

    def mark(self, song: Path) -> None:
        if song not in self._songs:
            self._reaper.add_item(song, float(SECONDS))
            self._songs.append(song)
        self._reaper.begin("mark_cuts")
        while self._reaper.cycle():
            if self._cancelled.is_set():
                self._cancelled.clear()
                self._reaper.begin("mark_cuts")  # run again, it stops

    def cancel(self) -> None:
        self._cancelled.set()

    def markers(self) -> list[Marker]:
        items = range(1, 1 + len(self._songs))
        found = [marker for item in items for marker in self._reaper.take_markers(item)]
        return [named(marker["name"], marker["position"]) for marker in found]

    def told(self) -> list[str]:
        return self._reaper.told()


class ReaperByUdp(ReaperBySpool):
    """The same where luasocket is installed."""

    lua, sockets = "lua5.3", True
