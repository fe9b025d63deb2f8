"""Drives the real Audacity for tests: a private X display, home folder and command pipe.

`with Audacity(folder) as audacity:` starts the program with our plug-ins installed and returns when a project is open.
`audacity.do(command)` runs one of its scripting commands, and so our plug-ins: `audacity.do("SegueMarkCuts:")`;
`audacity.told()` is what they told the user, `audacity.saved_labels()` what stands in the saved project.
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import soundfile

import audacity_setup
import aup3
import display
from ardour_session import wait_for
from scripted_daemon import LIMIT, ScriptedDaemon
from segue_bridge.hosts import audacity as installer

PROGRAM = "audacity"
NEEDED = (PROGRAM, "Xvfb", "openbox", "xdotool")
SECONDS = LIMIT  # for one command; a dialog that nobody expected ends the test here

# In place of the window with a sentence, which would wait for somebody who reads it.
CATCH_MESSAGES = """
(defun segue-tell (sentence)
  (let ((file (open "FOLDER/told" :direction :output)))
    (format file "~a" sentence)
    (close file))
  "")
"""


def missing() -> list[str]:
    """The programs these tests need and this machine has not."""
    return [name for name in NEEDED if not shutil.which(name)] + (
        [] if audacity_setup.MODULE.exists() else [str(audacity_setup.MODULE)]
    )


def fail_where_missing() -> None:
    """Without Audacity a test fails and says what to install."""
    if missing():
        pytest.fail(f"{', '.join(missing())} not found: apt-get install audacity xvfb openbox xdotool")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple["Audacity", ScriptedDaemon]]:
    """Audacity, and the daemon with a scripted analysis."""
    fail_where_missing()
    daemon = ScriptedDaemon(folder / "home" / ".local" / "share" / "segue" / "spool")
    daemon.start()
    try:
        with Audacity(folder) as audacity:
            wait_for((audacity.spool / "daemon.alive").exists, "the daemon to find the spool")
            yield audacity, daemon
    finally:
        daemon.stop()


class Audacity:
    """One running Audacity with our plug-ins installed; see the module."""

    def __init__(self, folder: Path, screen: str = "1400x900") -> None:
        self.folder = folder
        self.home = folder / "home"
        self.data = self.home / ".local" / "share"
        self.spool = self.data / "segue" / "spool" / "audacity"
        self._screen = screen
        self._pipe = audacity_setup.pipe()
        self._saved = 0
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Audacity":
        try:
            self.data.joinpath("audacity").mkdir(parents=True, exist_ok=True)  # as Audacity's first start does
            audacity_setup.write(self.home, self.folder / "temp", self._pipe)
            server, name = display.start(self._screen)
            self._running.append(server)
            self.environment = {**self._environment(), "DISPLAY": name}
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self._running.append(subprocess.Popen(["openbox"], env=self.environment, **quiet))
            with self.as_installed():
                installer.install()
            with open(self.spool / installer.LIBRARY, "a", encoding="utf-8") as library:
                library.write(self._catch())
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        display.end(self._running)
        for way in ("to", "from"):
            Path(f"{self._pipe}.{way}.{os.getuid()}").unlink(missing_ok=True)

    @contextlib.contextmanager
    def as_installed(self) -> Iterator[None]:
        """With this test's folders, as the installer saw them."""
        with patch.dict(os.environ, self._environment(), clear=True):
            yield

    @contextlib.contextmanager
    def more_lisp(self, code: str) -> Iterator[None]:
        """With more Lisp at the end of what both plug-ins load."""
        library = self.spool / installer.LIBRARY
        before = library.read_text("utf-8")
        library.write_text(before + code, "utf-8")
        yield
        library.write_text(before, "utf-8")

    @contextlib.contextmanager
    def showing_messages(self) -> Iterator[None]:
        """With a window for each message, as a user has."""
        library = self.spool / installer.LIBRARY
        caught = library.read_text("utf-8")
        library.write_text(caught.replace(self._catch(), ""), "utf-8")
        yield
        library.write_text(caught, "utf-8")

    def _catch(self) -> str:
        return CATCH_MESSAGES.replace("FOLDER", str(self.folder))

    def start(self) -> None:
        """Start the program and wait until a project answers."""
        shutil.rmtree(self.folder / "temp", ignore_errors=True)  # else it asks whether to recover what a kill left
        (self.folder / "temp").mkdir()
        pipes = [Path(f"{self._pipe}.{way}.{os.getuid()}") for way in ("to", "from")]
        for pipe in pipes:
            pipe.unlink(missing_ok=True)
        with open(self.folder / "audacity.log", "ab") as log:
            self.program = subprocess.Popen([PROGRAM], env=self.environment, stdout=log, stderr=log)
        self._running.append(self.program)
        wait_for(lambda: all(pipe.exists() for pipe in pipes), "Audacity's pipes")
        self._to = wait_for(lambda: _opened(pipes[0]), "Audacity to open its pipe")
        self._from = os.open(pipes[1], os.O_RDONLY | os.O_NONBLOCK)
        wait_for(lambda: "finished: OK" in self._ask("GetInfo: Type=Tracks"), "a project")

    def quit(self) -> None:
        """Leave the program as a user would who does not want to save."""
        self._send("Exit:")
        wait_for(lambda: self._is_gone() or self.windows("Save changes"), "Audacity to ask or to leave")
        if self.windows("Save changes"):
            self.xdotool("key", "alt+n")
        with contextlib.suppress(AssertionError):  # Audacity 3.7 may hang here
            wait_for(self._is_gone, "Audacity to leave", 20)
        self.program.kill()
        self.program.wait()
        self._running.remove(self.program)
        os.close(self._to)
        os.close(self._from)

    def _is_gone(self) -> bool:
        """Whether the program has ended; Audacity 3.7 crashes then, and shows a window that says so."""
        return self.program.poll() is not None or bool(self.windows("Debug report"))

    def do(self, command: str, seconds: float = SECONDS) -> str:
        """What a scripting command answers; AssertionError where it failed."""
        answer = self._ask(command, seconds)
        text, _, status = answer.rstrip().rpartition("BatchCommand finished: ")
        assert status == "OK", f"{command}: {answer}"
        return text

    def begin(self, command: str) -> None:
        """Send a command whose end is fetched by `end`: for one that opens a window."""
        self._send(command)

    def open_window(self, name: str) -> None:
        """Choose one of our plug-ins in the menus, such as "Segue Preview Transition", and wait for its window."""
        file = f"{installer._PREFIX}{name.removeprefix('Segue ').lower().replace(' ', '_')}.ny"
        path = str(self.data / "audacity" / "Plug-Ins" / file).replace("_", "\\_")  # "_" parts the words of an id
        self.begin(f"Effect_Nyquist_Segue_{name}_{path}:")
        wait_for(lambda: self.windows(f"^{name}$"), name)

    def heard(self) -> bool:
        """True where an answer has come."""
        return bool(select.select([self._from], [], [], 0)[0])

    def end(self, seconds: float = SECONDS) -> str:
        """The answer to the command that was begun."""
        return self._receive(seconds)

    def info(self, what: str) -> Any:
        """What GetInfo knows of Tracks, Labels, Clips, Commands."""
        return json.loads(self.do(f"GetInfo: Type={what} Format=JSON"))

    def forget(self) -> None:
        """Remove all tracks."""
        self.do("SelectAll:")
        self.do("RemoveTracks:")

    def import_(self, path: Path) -> None:
        """Bring in a file as a new track."""
        self.do(f'Import2: Filename="{path}"')

    def select(self, start: float, end: float, track: int = 0, count: int = 1) -> None:
        """Select a range, in seconds, of some tracks."""
        self.do(f"SelectTracks: Track={track} TrackCount={count} Mode=Set")
        self.do(f"SelectTime: Start={start!r} End={end!r} RelativeTo=ProjectStart")

    def labels(self) -> list[tuple[float, float, str]]:
        """Start and end in seconds and text of all labels, track by track."""
        return [(start, end, text) for _, labels in self.info("Labels") for start, end, text in labels]

    def tracks(self, kind: str = "wave") -> list[dict[str, Any]]:
        """The tracks of one kind."""
        return [track for track in self.info("Tracks") if track["kind"] == kind]

    def saved_labels(self) -> list[list[tuple[float, str]]]:
        """Place in seconds and text of each label, track by track, as the saved project has them."""
        self._saved += 1
        path = self.folder / f"saved {self._saved}.aup3"
        self.do(f'SaveProject2: Filename="{path}"')
        tracks = aup3.labels(path)
        assert all(start == end for track in tracks for start, end, _ in track), "a label is a range"
        return [[(start, text) for start, _, text in track] for track in tracks]

    def samples(self, track: int, seconds: float) -> tuple[np.ndarray, int]:
        """Samples (n, channels) and rate of a track from its start, as Audacity's own Nyquist reads them."""
        path = self.folder / "samples.wav"
        self.select(0, seconds, track)
        form = ":format snd-head-wave :mode snd-mode-float :bits 32"
        code = f'(progn (s-save *track* (truncate len) \\"{path}\\" {form}) \\"\\")'
        self.do(f'NyquistPrompt: Command="{code}" Version=4')
        return soundfile.read(path, dtype="float32", always_2d=True)

    def told(self) -> list[str]:
        """What our plug-ins told the user since the last call."""
        path = self.folder / "told"
        lines = [path.read_text(encoding="utf-8")] if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def xdotool(self, *arguments: str) -> str:
        """Drive mouse, keys and windows of the private display."""
        done = subprocess.run(["xdotool", *arguments], env=self.environment, capture_output=True, text=True)
        return done.stdout.strip()

    def windows(self, title: str) -> list[str]:
        """The numbers of the windows whose title holds these words."""
        return self.xdotool("search", "--onlyvisible", "--name", title).split()

    def _ask(self, command: str, seconds: float = SECONDS) -> str:
        self._send(command)
        return self._receive(seconds)

    def _send(self, command: str) -> None:
        line = command.encode() + b"\n"
        assert len(line) < 1024, "Audacity cuts longer lines"
        os.write(self._to, line)

    def _receive(self, seconds: float) -> str:
        """One answer: it ends with an empty line."""
        told, until = b"", time.monotonic() + seconds
        while not told.endswith(b"\n\n") and told != b"\n":
            left = until - time.monotonic()
            assert left > 0, f"no answer in {seconds:g} s; heard {told!r}; windows: {self._titles()}"
            if select.select([self._from], [], [], min(left, 1.0))[0]:
                told += os.read(self._from, 1 << 16)
            assert self.program.poll() is None, "Audacity is gone"
        return told.decode()

    def _titles(self) -> str:
        return self.xdotool("search", "--onlyvisible", "--name", ".", "getwindowname", "%@")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        places = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.data), "LC_ALL": "C.UTF-8"}
        return {**kept, **places, "XDG_RUNTIME_DIR": str(self.folder)}


def _opened(pipe: Path) -> int | None:
    """The pipe open for writing, None while nobody reads it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
