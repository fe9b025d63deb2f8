"""The daemon at the other end of a UDP socket that never blocks Live.

What takes time is a generator: it is gone through one step per tick of Live, about ten a second.
"""

import json
import os
import random
import socket
import subprocess
import time
from contextlib import suppress

from . import meeting, osc
from .trouble import Trouble

HOST = "127.0.0.1"
PROTOCOL = 1
DATAGRAMS = 500  # at most so many are read in one tick
PATIENCE = 0.5  # seconds of silence after which the daemon is asked again
SILENCE = 10.0  # seconds of silence after which it is taken for dead: it answers while it computes
CUT = ("id", "kind", "time", "score", "bar", "beat", "section")  # behind the job in /segue/cut
HELLOS = 4  # without an answer, and then there is no daemon
START = 30.0  # seconds a daemon may take to start on a busy machine
CREATE_NO_WINDOW = 0x08000000  # Windows; Python 3.7 elsewhere has no name for it

# What belongs to Live's own Python and libraries and would break the daemon's.
LIVES_OWN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")


class Found:
    """A complete counted set: `cuts` by id as dicts, `transitions` best first as (exit id, entry id, score).

    `path` of the file and `grid` as they were asked.
    """

    def __init__(self, job, path, start, length, grid):
        self.job = job
        self.path = path
        self.grid = grid
        self.request = (path, start, length, json.dumps({"grid": grid} if grid else {}))
        self.cuts = {}
        self.transitions = []
        self.warnings = []


class Daemon:
    """`port`: what it is known by; `own_port`: ours, where actions may be sent to; `start`: the command that starts it.

    `meetings`: the folder where daemons and this script say where they are.
    """

    def __init__(self, port, own_port, start, version, meetings):
        self._port = port
        self._meetings = meetings
        self._meeting = None  # of the daemon that was spoken to last
        self._is_proved = False  # that it is this user's own: nothing else that it says counts
        self._start = start
        self._version = version
        self._process = None
        self._job = random.randrange(1, 1 << 30)  # numbers of an earlier Live on this port must not come again
        self._heard = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            self._socket.bind((HOST, own_port))
        except OSError:  # another Live, maybe another user's
            self._socket.bind((HOST, 0))
        self.own_port = self._socket.getsockname()[1]
        self._actions = meeting.announce(meetings, self.own_port)

    def close(self):
        """Give the port back."""
        self._socket.close()

    def poll(self):
        """Read what has come; the messages of those who say the token of our actions, as (address, [values])."""
        others = []
        for _ in range(DATAGRAMS):
            try:
                packet, sender = self._socket.recvfrom(65535)
            except BlockingIOError:
                break
            except OSError:  # Windows reports here that an earlier datagram was refused
                continue
            try:
                messages = osc.parse(packet)
            except ValueError:
                continue
            if self._meeting and sender == (HOST, self._meeting.port):
                self._hear(messages)
            else:
                others += [_without(self._actions.token, *message) for message in messages]
        return [message for message in others if message]

    def _hear(self, messages):
        for address, values in messages:
            if address == "/segue/token":
                self._is_proved = self._is_proved or values == [self._meeting.proof]
            elif self._is_proved:
                self._heard.append((address, values))

    def ready(self, tell):
        """Make sure that a daemon is there: start one where none answers. Raises Trouble."""
        began, asked, hellos = time.monotonic(), 0.0, 0
        while True:
            now = time.monotonic()
            for address, values in self._take():
                if address == "/segue/ready":
                    self._process = None  # the next silence is worth another start
                    return
                if address == "/segue/error" and values[:1] == [-1]:
                    raise Trouble(values[2])
            if not hellos or now - asked > PATIENCE:
                if hellos and self._process is None and self._start:
                    tell("starting the daemon")  # the command itself looks once more whether there is one
                    self._process = run(self._start)
                if hellos == HELLOS and not self._start:
                    raise Trouble("Segue is not running: run `segue serve` in a terminal, then try again.")
                asked, hellos = now, hellos + 1
                self._send("/segue/hello", "isss", PROTOCOL, "Ableton Live", self._version, "")
            ended = self._process.poll() if self._process else None
            if ended or now - began > START:
                self._process = None
                raise Trouble("Segue could not be started: run `segue doctor` in a terminal, then try again.")
            yield

    def analyse(self, path, start, length, tell, grid=None):
        """Find the cuts of `length` seconds of a file from `start` on; returns Found. Raises Trouble.

        `grid`: where beats are, as the option of that name has it; None where they are to be found.
        """
        yield from self.ready(tell)
        self._job += 1
        found = Found(self._job, path, start, length, grid)
        try:
            yield from self._complete(found, tell)
        except GeneratorExit:
            self._send("/segue/cancel", "i", found.job)
            raise
        return found

    def preview(self, found, exit_id, entry_id):
        """Have a transition rendered; returns the path of the WAV. Raises Trouble."""
        spliced = []

        def answer(address, values):
            if address == "/segue/preview/splice":
                spliced[:] = values[:2]
            ours = address == "/segue/preview/file" and spliced == [exit_id, entry_id]
            return values[0] if ours else None

        # Each ask is a rendering, so it is not asked again as soon.
        return self._ask(found, answer, 4 * PATIENCE, "/segue/preview", "iidd", exit_id, entry_id, 0.0, 0.0)

    def judge(self, found, cut, verdict):
        """Let the daemon keep what the user thinks of a cut. Raises Trouble."""

        def answer(address, values):
            return address == "/segue/noted" and values[0] == cut["id"]

        values = (cut["id"], verdict, cut["kind"], cut["time"])
        return self._ask(found, answer, PATIENCE, "/segue/verdict", "issd", *values)

    def _ask(self, found, answer, patience, address, tags, *values):
        """Ask about a finished job until `answer` returns something for a message."""
        yield from self.ready(_silent)
        asked, heard = None, time.monotonic()
        while True:
            for come, got in self._about(found.job):
                heard = time.monotonic()
                result = answer(come, got)
                if result:
                    return result
                if come == "/segue/error" and got[0] == "unknown_job":  # a new daemon knows nothing yet
                    yield from self._complete(found, _silent)
                    asked = None
                elif come == "/segue/error":
                    raise Trouble(got[1])
            self._check(heard)
            if asked is None or time.monotonic() - asked > patience:
                asked = time.monotonic()
                self._send(address, "i" + tags, found.job, *values)
            yield

    def _complete(self, found, tell):
        """Fill `found` with the counted set; asks again for what was lost."""
        found.cuts, transitions = {}, {}
        self._send("/segue/analyze", "isdds", found.job, *found.request)
        heard = asked = time.monotonic()
        while True:
            for address, values in self._about(found.job):
                heard = asked = time.monotonic()
                if address == "/segue/progress":
                    tell(f"{100 * values[0]:.0f} % {values[1]}")
                elif address == "/segue/cut":
                    found.cuts[values[0]] = {name: values[i] for i, name in enumerate(CUT)}
                elif address == "/segue/transition":
                    transitions[values[0], values[1]] = values[2]
                elif address == "/segue/warning" and values[0] not in found.warnings:
                    found.warnings.append(values[0])
                elif address == "/segue/done" and [len(found.cuts), len(transitions)] == values[:2]:
                    best = sorted(transitions.items(), key=lambda item: -item[1])
                    found.transitions = [(a, b, score) for (a, b), score in best]
                    return
                elif address == "/segue/done":
                    self._send("/segue/resend", "i", found.job)
                elif address == "/segue/cancelled":
                    raise Trouble("The work was cancelled.")
                elif address == "/segue/error" and values[0] == "unknown_job":  # the request was lost, or a new daemon
                    self._send("/segue/analyze", "isdds", found.job, *found.request)
                elif address == "/segue/error" and values[0] != "duplicate_job":
                    raise Trouble(values[1])
            self._check(heard)
            if time.monotonic() - asked > PATIENCE:
                asked = time.monotonic()
                self._send("/segue/resend", "i", found.job)
            yield

    def _check(self, heard):
        if time.monotonic() - heard > SILENCE:
            raise Trouble("Segue stopped in the middle of the work: try again.")

    def _take(self):
        heard, self._heard = self._heard, []
        return heard

    def _about(self, job):
        """What was said about this job, without its number; the rest is of jobs that were given up."""
        return [(address, values[1:]) for address, values in self._take() if values[:1] == [job]]

    def _send(self, address, tags, *values):
        known = meeting.find(self._meetings, self._port)
        if known != self._meeting:
            self._meeting, self._is_proved = known, False
        if known is None:
            return
        packet = osc.bundle(osc.pack("/segue/token", "s", known.token), osc.pack(address, tags, *values))
        with suppress(OSError):  # nobody listens, or the buffer is full: it is asked again
            self._socket.sendto(packet, (HOST, known.port))


def _without(token, address, values):
    """The message of one who says our token, without it; None for anybody else's."""
    return (address, [value for value in values if value != token]) if token in values else None


def _silent(text):
    """For what the user need not see."""


def run(command):
    """Start a program that lives on without Live. Raises Trouble."""
    nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    detached = {"creationflags": CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    environment = {name: value for name, value in os.environ.items() if name not in LIVES_OWN}
    try:
        return subprocess.Popen(command, env=environment, **nowhere, **detached)
    except OSError as fault:
        text = f"{command[0]} cannot be run ({fault.strerror}): run `segue install ableton` again."
        raise Trouble(text) from fault


def configuration():
    """What the installer wrote beside this file; defaults where it is gone."""
    values = {"port": 9721, "own_port": 9722, "daemons": "", "start": None, "play": None, "version": "?"}
    path = os.path.join(os.path.dirname(__file__), "config.json")
    with suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        values.update(json.load(file))
    return values
