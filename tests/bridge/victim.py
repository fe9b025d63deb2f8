"""A daemon of ours in a process and in folders of its own, with what its user would not like to lose."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from osc_host import Host
from segue_bridge import osc
from segue_bridge.client import Client
from segue_bridge.errors import SegueError

HERE = Path(__file__).parent
CODE = "import attack_analyses; from segue_bridge.daemon import serve; serve({port}, None, attack_analyses.{analyse})"
LOST_FOR_EVER = time.time() - 7200  # seconds; old enough for whoever deletes what is old


class Victim:
    """`home`: its user's folder, which others may enter but not read; `port`: where it listens."""

    def __init__(self, home: Path, port: int = 0, analyse: str = "quick", before: tuple[str, ...] = ()) -> None:
        self.home = home
        self.missed: list[str] = []  # what an attack found to be gone
        self.hung: list[str] = []  # what an attack waited for in vain
        self.documents = home / "Documents"
        self.documents.mkdir(parents=True, exist_ok=True)
        self._treasures = {}
        for name in ("letter.txt", "song.osc", "x.tmp", ".bashrc", f"{time.time_ns():020d}-1-000001.osc"):
            path = self.documents / name
            path.write_bytes(os.urandom(64))
            path.chmod(0o600)
            os.utime(path, (LOST_FOR_EVER,) * 2)
            self._treasures[path] = (path.read_bytes(), path.stat().st_mode)
        environment = {**os.environ, "PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}"}
        command = [*before, sys.executable, "-c", CODE.format(port=port, analyse=analyse)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        self.said: list[str] = []
        self._listening = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._listening.wait(30), self.said
        self.port = int(next(line for line in self.said if "listens on" in line).rsplit(":", 1)[1])
        self.spool = home / "data" / "segue" / "spool" / "ardour"
        self.spool.mkdir(parents=True, mode=0o700, exist_ok=True)

    def answers(self, timeout: float = 10.0) -> bool:
        """Whether its own user gets an answer."""
        with suppress(SegueError), Client(self.port) as client:
            client.hello(timeout=timeout)
            return True
        return False

    def crashed(self) -> bool:
        """Whether it is gone, or something went wrong that nobody had thought of."""
        return self.process.poll() is not None or any("Traceback" in line for line in self.said)

    def lost(self) -> list[str]:
        """What its user misses."""
        treasures = self._treasures.items()
        return self.missed + [
            str(path) for path, (content, mode) in treasures if not _is_as_it_was(path, content, mode)
        ]

    def asks(self, spool: object) -> str:
        """The code of the error that its own user gets for naming a spool, "" where it is taken."""
        host = Host(self.port)
        host.say("/segue/hello", 1, "host", "1", str(spool))
        try:
            message = host.next(1.0)
        except TimeoutError:  # the answer went to the spool
            return ""
        finally:
            host.socket.close()
        return str(message.values[1]) if message.address == "/segue/error" else ""

    def answers_in_spool(self, timeout: float = 10.0) -> bool:
        """Whether a host without UDP gets an answer."""
        end = time.monotonic() + timeout
        folder = self.spool / "to_daemon"
        while time.monotonic() < end and not folder.is_dir():
            time.sleep(0.02)
        before = len(list((self.spool / "to_host").glob("*.osc")))
        path = folder / f"{time.time_ns():020d}-0.tmp"
        path.write_bytes(osc.frame([osc.pack("/segue/status", "", [])]))
        path.rename(path.with_suffix(".osc"))
        while time.monotonic() < end:
            if len(list((self.spool / "to_host").glob("*.osc"))) > before:
                return True
            time.sleep(0.02)
        return False

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line.decode("utf-8", "replace").rstrip("\n"))
            if "listens on" in self.said[-1]:
                self._listening.set()


@contextmanager
def victim(home: Path, port: int = 0, **more: Any) -> Iterator[Victim]:
    """A daemon that is ended afterwards, and whose folders are also those of this process meanwhile.

    analyse: name of its analysis in attack_analyses.py; before: command that starts it.
    """
    folders = {"XDG_DATA_HOME": str(home / "data"), "SEGUE_CACHE": str(home / "cache")}
    with patch.dict(os.environ, folders):
        one = Victim(home, port, **more)
        try:
            yield one
        finally:
            one.process.terminate()
            try:
                one.process.wait(10)
            finally:
                one.process.kill()
                one.process.wait()


def _is_as_it_was(path: Path, content: bytes, mode: int) -> bool:
    return path.is_file() and not path.is_symlink() and (path.read_bytes(), path.stat().st_mode) == (content, mode)
