"""Drives the real Ardour for tests: a private X display, configuration, session and OSC port; Lua run inside it.

`with Ardour(folder) as ardour:` starts the program on a new session and returns when it is ready. `ardour.lua(code)`
runs Lua in its editor and returns what the code returns; `ardour.action(name)` triggers an action as its key would;
`ardour.saved_markers()` saves and reads the markers back from the file on disk.
"""

import os
import re
import shutil
import socket
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pythonosc.udp_client import SimpleUDPClient

import ardour_setup
import display
from scripted_daemon import LIMIT
from segue_bridge import protocol
from segue_bridge.hosts import _ardour_slots
from segue_bridge.hosts import ardour as installer

PROGRAM = "ardour"
SUPERCLOCK = 282240000  # ticks a second in session files
TICKS = 1920  # of a quarter note
QUARTER = 0.5  # seconds, in a new session

IMPORT = """
local files = C.StringVector () files:push_back ("PATH")
Editor:do_import (files, Editing.ImportDistinctFiles, Editing.ImportAsTrack, ARDOUR.SrcQuality.SrcBest,
  ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore, Temporal.timepos_t (0),
  ARDOUR.PluginInfo (), ARDOUR.Track (), false)
"""
EMBED = """
local files = C.StringVector () files:push_back ("PATH")
Editor:do_embed (files, Editing.ImportDistinctFiles, Editing.ImportAsTrack, Temporal.timepos_t (0),
  ARDOUR.PluginInfo (), ARDOUR.Track ())
"""
# The newest region of the session; what comes before a test's own code.
FIND = """
local function region (name)
  for route in Session:get_routes ():iter () do
    local track = route:to_track ()
    if not track:isnil () then
      for r in track:playlist ():region_list ():iter () do if r:name () == name then return r end end
    end
  end
  error ("no region " .. name)
end
"""
# Whether new marks are moved onto the grid, in an Ardour that has the choice.
GLUE = """
local function glue (on)
  local config = Session:cfg ()
  local set = config.set_glue_new_markers_to_bars_and_beats
  if set then set (config, on) end
end
"""


def version() -> int:
    """The newest Ardour of this machine, such as 8; 0 where there is none."""
    folders = map(Path, os.environ["PATH"].split(os.pathsep))
    programs = [path.name for folder in folders for path in folder.glob("ardour*-new_session")]
    found = [re.match(r"ardour(\d+)-", name) for name in programs]
    return max((int(match[1]) for match in found if match), default=0)


def time_domains() -> tuple[str, ...]:
    """What a session may count time in: since Ardour 8 the user chooses."""
    return ("AudioTime", "BeatTime") if version() > 7 else ("AudioTime",)


def missing() -> list[str]:
    """The programs these tests need and this machine has not."""
    return [name for name in (PROGRAM, f"ardour{version()}-new_session", "Xvfb", "xdotool") if not shutil.which(name)]


def free_port() -> int:
    """A UDP port nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = LIMIT) -> Any:
    """The first true value of `condition`, asked 50 times a second; AssertionError with `what` when time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


class Ardour:
    """One running Ardour with our actions installed; see the module."""

    def __init__(
        self,
        folder: Path,
        daemon_port: int,
        rate: int = 48000,
        screen: str = "1600x900",
        speed: str = "Normal Speed",  # of the clock that Ardour plays by where there is no sound card
        time_domain: str = "AudioTime",
    ) -> None:
        self.folder = folder
        self.session = folder / "Test"
        self.config = folder / "config" / f"ardour{version()}"
        self.spool = folder / "data" / "segue" / "spool" / "ardour"
        self.catches_messages = True
        self.daemon_port = daemon_port
        self._rate = rate
        self._screen = screen
        self._speed = speed
        self._time_domain = time_domain
        self._port = free_port()
        self._client = SimpleUDPClient("127.0.0.1", self._port)
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Ardour":
        try:
            ardour_setup.write(self.config, folder=self.folder, port=self._port, rate=self._rate, speed=self._speed)
            server, name = display.start(self._screen)
            self._running.append(server)
            self.environment = {**self._environment(), "DISPLAY": name}
            with self.as_installed():
                installer.install(self.config)
            self._slot = {_ardour_slots.title(text): slot for slot, text in self.scripts().items()}
            self._create()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        display.end(self._running)

    @contextmanager
    def as_installed(self) -> Iterator[None]:
        """With this test's folders and port, as the installer saw them."""
        with patch.dict(os.environ, self._environment()), patch.object(protocol, "PORT", self.daemon_port):
            yield

    def start(self) -> None:
        """Start the program on the session and wait until it is open."""
        (self.folder / "ready").unlink(missing_ok=True)
        with open(self.folder / "ardour.log", "ab") as log:
            command = [PROGRAM, "-n", "-a", str(self.session)]
            self.program = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self._running.append(self.program)
        wait_for((self.folder / "ready").exists, "Ardour to open the session")
        if self.catches_messages:
            self.lua(ardour_setup.CATCH_MESSAGES.replace("FOLDER", str(self.folder)))

    def kill(self) -> None:
        """End the program as a crash would."""
        self.program.kill()
        self.program.wait()
        self._running.remove(self.program)

    def quit(self) -> None:
        """Save, and leave the program as a user would."""
        self.save()
        self.trigger("Common/Quit")
        self.program.wait(LIMIT)  # Ardour sometimes crashes on its way out: the code says nothing
        self._running.remove(self.program)

    def action(self, name: str) -> None:
        """Trigger the action of that name."""
        self.trigger(f"LuaAction/script-{self._slot[name]}")

    def trigger(self, action: str) -> None:
        """Trigger one of Ardour's own actions, such as "Editor/zoom-to-session"."""
        self._client.send_message("/access_action", action)

    def scripts(self) -> dict[int, bytes]:
        """The scripts of all actions by slot, as Ardour's file has them."""
        return _ardour_slots.scripts(installer._read(self.config))

    def lua(self, code: str) -> str:
        """What the Lua code returns, run as an action in the program."""
        told = self.ask(code)
        status, _, result = wait_for(lambda: told.exists() and told.read_text(), code).partition("\n")
        assert status == "ok", result
        return result

    def ask(self, code: str) -> Path:
        """Start Lua code in the program; its result will be in the file that is returned."""
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        (self.folder / "ask.lua").write_text(code, encoding="utf-8")
        self.action("Test probe")
        return told

    def bring_in(self, path: Path, embed: bool = False) -> None:
        """Import a file as a new track, or link to it where it lies."""
        self.lua((EMBED if embed else IMPORT).replace("PATH", str(path)))

    def select(self, *names: str) -> None:
        """Select the regions of these names, and nothing else."""
        chosen = "".join(f'add ("{name}") ' for name in names)
        code = (
            f"{FIND} local list, undrawn = ArdourUI.SelectionList (), false local function add (name) "
            "local view = Editor:regionview_from_region (region (name)) undrawn = undrawn or not view "
            "if view then list:push_back (view) end end "
            f"Editor:get_selection ():clear_all () {chosen} "
            "Editor:set_selection (list, ArdourUI.SelectionOp.Set) return undrawn"
        )
        wait_for(lambda: self.lua(code) == "false", f"the regions {names} to be drawn")

    def messages(self) -> list[str]:
        """What the actions told the user since the last call."""
        path = self.folder / "messages"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def markers(self) -> dict[str, int]:
        """Names and positions in samples of the markers, as the program has them now."""
        rows = self.lua(
            "local rows = {} for l in Session:locations ():list ():iter () do if l:is_mark () then "
            'rows[#rows + 1] = l:start ():samples () .. " " .. l:name () end end return table.concat (rows, "\\n")'
        )
        return {name: int(position) for position, _, name in (row.partition(" ") for row in rows.splitlines())}

    def save(self) -> None:
        """Save the session, after everything that was asked for before."""
        self.lua('Session:save_state ("")')

    def saved_markers(self) -> dict[str, int]:
        """Names and positions in samples of the markers, as the saved session file has them; each name once."""
        found = self.saved_marks()
        assert len(dict(found)) == len(found), "two markers have one name"
        return dict(found)

    def saved_marks(self) -> list[tuple[str, int]]:
        """Name and position in samples of every marker of the saved session file; names may repeat."""
        self.save()
        found = []
        for location in ET.parse(self._file).iterfind("Locations/Location"):
            if "IsMark" in location.get("flags", "").split(","):
                start, end = location.get("start", ""), location.get("end", "")
                assert start == end, f"a mark from {start} to {end}"
                found.append((location.get("name", ""), self._samples(start)))
        return found

    def _samples(self, time: str) -> int:
        """The sample of a time in the session file; a mark of the user's may stand between two, in beats."""
        if time.startswith("b"):
            return round(int(time[1:]) / TICKS * QUARTER * self._rate)
        samples, rest = divmod(int(time.removeprefix("a")) * self._rate, SUPERCLOCK)
        assert time.startswith("a") and rest == 0, f"{time} is not on a sample of the timeline"
        return samples

    def xdotool(self, *arguments: str) -> str:
        """Drive mouse, keys and windows of the private display."""
        done = subprocess.run(["xdotool", *arguments], env=self.environment, capture_output=True, text=True)
        return done.stdout.strip()

    def _environment(self) -> Mapping[str, str]:
        places = {f"XDG_{name.upper()}_HOME": str(self.folder / name) for name in ("config", "data", "cache")}
        return {**os.environ, **places, "LC_ALL": "C.UTF-8"}

    @property
    def _file(self) -> Path:
        """The session's own file."""
        return self.session / f"{self.session.name}.ardour"

    def _create(self) -> None:
        """Make the session. Its own list of control surfaces, in which OSC is off, is taken out."""
        command = [f"ardour{version()}-new_session", "-s", str(self._rate), str(self.session)]
        subprocess.run(
            command, env=self.environment, capture_output=True
        )  # that of Ardour 8 may crash when all is done
        tree = ET.parse(self._file)
        for name in ("ControlProtocols", "EngineHints"):
            for element in tree.getroot().findall(name):
                tree.getroot().remove(element)
        for option in tree.iterfind("Config/Option[@name='default-time-domain']"):
            option.set("value", self._time_domain)
        tree.write(self._file, encoding="UTF-8", xml_declaration=True)
