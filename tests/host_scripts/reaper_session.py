"""A fake REAPER in its own Lua, driven from tests: items, actions, cycles, and what stands in the project then."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from scripted_daemon import LIMIT, ScriptedDaemon
from segue_bridge import meeting
from segue_bridge.hosts import reaper as hosts_reaper

HERE = Path(__file__).parent
LUAS = ("lua5.3", "lua5.4")
BOTH = [pytest.param("lua5.3", marks=pytest.mark.long), "lua5.4"]  # the old one takes as long again
CYCLE = 1 / 30  # seconds between two cycles of REAPER's deferred scripts


def need(lua: str) -> None:
    """Fail where there is no such Lua."""
    if not shutil.which(lua):
        pytest.fail(f"no {lua} found: apt-get install {lua}")


def literal(value: Any) -> str:
    """A value as Lua writes it."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str() | Path():
            quoted = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{quoted}"'
        case Mapping():
            return "{" + ", ".join(f"{key} = {literal(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "{" + ", ".join(map(literal, value)) + "}"
    return repr(value)


class Reaper:
    """One REAPER with Segue's scripts as `segue install reaper` puts them below `folder`."""

    name = "REAPER"
    tolerance = 1e-9  # seconds
    cannot: ClassVar[Mapping[str, str]] = {}
    pace = 1.0  # how many times as fast as in life its clock runs

    def __init__(self, lua: str, folder: Path, spool: Path, port: int, start: str = "true") -> None:
        need(lua)
        self.folder = folder
        self.scripts = folder / "Scripts" / "Segue"
        folder.mkdir(parents=True, exist_ok=True)
        hosts_reaper.install(folder)
        config = {"spool": spool, "daemons": meeting.folder(), "port": port, "start": start}
        (self.scripts / "config.lua").write_text(f"return {literal(config)}\n", "utf-8")
        self._process = subprocess.Popen(
            [lua, HERE / "reaper_driver.lua"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "FAKE_RESOURCE": str(folder)},
        )

    def close(self) -> None:
        """End the Lua."""
        self._process.communicate()

    def lua(self, code: str) -> Any:
        """What the code returns, where `fake` is fake_reaper.lua; AssertionError with the Lua error."""
        assert self._process.stdin and self._process.stdout
        chunk = code.encode()
        self._process.stdin.write(b"%d\n%s" % (len(chunk), chunk))
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["ok"], answer["result"]
        return answer.get("result")

    def add_item(self, path: Path | None, seconds: float = 20.0, sources: Sequence[Mapping] = (), **given: Any) -> None:
        """A selected item that plays a file of that length; sources: those around the file's, outermost first."""
        chain = [*sources, {"path": str(path), "length": seconds}] if path else list(sources)
        self.lua(f"fake.add_item ({literal(chain)}, {literal(given)})")

    def begin(self, action: str) -> None:
        """Run an action, such as "mark_cuts", up to its first wait."""
        path = self.scripts / "reaper" / f"segue_{action}.lua"
        self.lua(f"fake.now = {self._now()!r} fake.run ({literal(path)})")

    def cycle(self) -> bool:
        """Let REAPER's scripts run once, 1/30 s later; whether any is still at work."""
        time.sleep(CYCLE / self.pace)
        return bool(self.lua(f"return fake.cycle ({self._now()!r})"))

    def _now(self) -> float:
        return time.monotonic() * self.pace

    def until(self, ready: Callable[[], Any], what: str = "this") -> int:
        """Run cycles until something is there; returns how many it took."""
        end = time.monotonic() + LIMIT
        cycles = 0
        while not ready():
            assert time.monotonic() < end, f"{what} did not come"
            self.cycle()
            cycles += 1
        return cycles

    def finish(self) -> int:
        """Run cycles until no script is at work; returns how many it took."""
        end, cycles = time.monotonic() + LIMIT, 1
        while self.cycle():
            assert time.monotonic() < end, "the action hangs"
            cycles += 1
        return cycles

    def action(self, name: str) -> int:
        """Run an action to its end; returns how many cycles it took."""
        self.begin(name)
        return self.finish()

    def take_markers(self, item: int = 1) -> list[dict[str, Any]]:
        """All markers of an item's take: name, position (seconds of the take's source), color."""
        return self.lua(f"return fake.take_markers ({item})")

    def project_markers(self) -> list[dict[str, Any]]:
        """All markers of the project: name, position (seconds of the timeline), color, region."""
        return self.lua("return fake.project_markers ()")

    def told(self) -> list[str]:
        """What the user was told since the last call."""
        return self.lua("local told = fake.messages fake.messages = {} return told")

    def sounds(self) -> list[dict[str, Any]]:
        """What was played: path, playing, values."""
        return self.lua(
            "local list = {} for i, s in ipairs (fake.sounds) do list[i] = "
            "{ path = s.path, playing = s.playing, values = s.values, destroyed = s.source.destroyed or false } end "
            "return list"
        )

    def undo(self) -> str:
        """Take the last step back; its name."""
        return self.lua("return fake.undo ()")


@contextmanager
def session(lua: str, folder: Path, pace: float = 5.0, **config: Any) -> Iterator[tuple[Reaper, ScriptedDaemon]]:
    """A REAPER and a daemon of their own; the REAPER has no luasocket unless a test gives it one."""
    spool = folder / "spool" / "reaper"
    for name in ("to_daemon", "to_host"):
        (spool / name).mkdir(parents=True)
    daemon = ScriptedDaemon(folder / "spool")
    daemon.start()
    reaper = Reaper(lua, folder / "REAPER", spool, config.pop("port", daemon.port), **config)
    reaper.lua("fake.sockets = false")
    reaper.pace = pace
    try:
        yield reaper, daemon
    finally:
        reaper.close()
        daemon.stop()
