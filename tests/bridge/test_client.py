import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from osc_host import Slow
from segue_bridge import __version__, osc, protocol
from segue_bridge.client import Client, answers, ensure_daemon
from segue_bridge.errors import SegueError

SONG = [Path("/song.wav")]


class LossyPath:
    """A UDP path between one client and the daemon that drops datagrams, both ways."""

    def __init__(self, daemon_port: int, drop) -> None:
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (self.near, self.far):
            sock.bind(("127.0.0.1", 0))
        self.far.connect(("127.0.0.1", daemon_port))
        self.port = self.near.getsockname()[1]
        self.client = None
        self.drop, self.dropped, self.passed = drop, 0, 0
        threading.Thread(target=self._to_daemon, daemon=True).start()
        threading.Thread(target=self._to_client, daemon=True).start()

    def _pass(self, datagram: bytes) -> bool:
        lost = self.drop(datagram)
        self.dropped += lost
        self.passed += not lost
        return not lost

    def _to_daemon(self) -> None:
        while True:
            datagram, self.client = self.near.recvfrom(65535)
            if self._pass(datagram):
                self.far.send(datagram)

    def _to_client(self) -> None:
        while True:
            datagram = self.far.recv(65535)
            if self._pass(datagram):
                self.near.sendto(datagram, self.client)


def test_hello_status_and_analysis(start):
    daemon, _ = start()
    told = []
    with Client(daemon.port) as client:
        assert client.hello(timeout=60) == __version__
        assert client.status(timeout=60)["pid"] == os.getpid()
        found = client.analyze(SONG, 1.0, 20.0, {"top": 4}, lambda fraction, stage: told.append((fraction, stage)))
    assert [(cut.id, cut.kind, cut.section) for cut in found.cuts][:2] == [(0, "exit", "A"), (1, "entry", "A")]
    assert [(t.exit, t.entry) for t in found.transitions] == [(0, 1), (2, 3)]
    assert told == [(0.5, "cuts")]
    assert answers(daemon.port, timeout=60)


@pytest.mark.parametrize("seed", range(5))
def test_five_percent_loss_is_made_good(start, seed):
    daemon, _ = start()
    chance = random.Random(seed)
    path = LossyPath(daemon.port, lambda datagram: chance.random() < 0.05)
    with Client(path.port) as client:
        for _ in range(3):
            found = client.analyze(SONG, options={"top": 600})
            assert [cut.id for cut in found.cuts] == list(range(600)) and len(found.transitions) == 300
    assert path.dropped > 0 and path.passed > 50


@pytest.mark.parametrize("lost", ["/segue/analyze", "/segue/done", "/segue/resend"])
def test_the_first_of_each_kind_may_be_lost(start, lost):
    daemon, _ = start()
    seen = set()

    def drop(datagram):
        addresses = {message.address for message in osc.parse(datagram)}
        first = (lost in addresses and lost not in seen) or (
            lost == "/segue/resend" and "/segue/done" in addresses - seen
        )
        seen.update(addresses)
        return first

    path = LossyPath(daemon.port, drop)
    with Client(path.port) as client:
        assert len(client.analyze(SONG, options={"top": 10}).cuts) == 10
    assert path.dropped >= 1


def test_a_long_job_is_waited_for_and_can_be_cancelled(start):
    slow = Slow()
    daemon, _ = start(slow)
    with Client(daemon.port) as client:
        job = client.submit(SONG)
        assert slow.running.wait(60)
        threading.Timer(0.8, lambda: client.cancel(job)).start()
        before = time.monotonic()
        with pytest.raises(SegueError) as fault:
            client.result(job)
        assert fault.value.code == "cancelled" and time.monotonic() - before > 0.7
        slow.let.set()
        assert len(client.analyze(SONG).cuts) == 2


def test_two_jobs_of_one_client_can_be_waited_for_in_any_order(start):
    daemon, _ = start()
    with Client(daemon.port) as client:
        first, second = client.submit(SONG, options={"top": 3}), client.submit(SONG, options={"top": 5})
        assert len(client.result(second).cuts) == 5
        assert len(client.result(first).cuts) == 3


def test_a_request_that_arrives_twice_is_one_job(start):
    slow = Slow()
    daemon, _ = start(slow)
    with Client(daemon.port) as client:
        job = client.submit(SONG)
        assert slow.running.wait(60)
        client._send("/segue/analyze", job, *client._requests[job])  # as after two answers "unknown_job" on their way
        slow.let.set()
        assert len(client.result(job).cuts) == 2


def test_faults_of_the_daemon_are_raised(start):
    def fail(region, options, progress, cancelled):
        raise SegueError("silent", "the recording is silent: choose another region")

    daemon, _ = start(fail)
    with Client(daemon.port) as client:
        with pytest.raises(SegueError, match="choose another region") as fault:
            client.analyze(SONG)
        assert fault.value.code == "silent"
        with pytest.raises(SegueError) as fault:
            client.analyze(SONG, options={"colour": 1})
        assert fault.value.code == "bad_arguments"


def test_a_time_limit(start):
    daemon, _ = start(Slow())
    with Client(daemon.port) as client, pytest.raises(SegueError) as fault:
        client.analyze(SONG, timeout=0.3)
    assert fault.value.code == "timeout"


def test_relative_paths_are_made_absolute(start, tmp_path, monkeypatch):
    seen = []

    def look(region, options, progress, cancelled):
        seen.extend(region.paths)
        raise SegueError("silent", "")

    daemon, _ = start(look)
    monkeypatch.chdir(tmp_path)
    with Client(daemon.port) as client, pytest.raises(SegueError):
        client.analyze([Path("left.wav"), Path("right.wav")])
    assert seen == [tmp_path / "left.wav", tmp_path / "right.wav"]


def test_no_daemon(free_port):
    with Client(free_port) as client:
        for ask in (client.hello, client.status, lambda: client.analyze(SONG)):
            with pytest.raises(SegueError, match="segue serve") as fault:
                ask()
            assert fault.value.code == "no_daemon"
    assert not answers(free_port)


def test_something_else_on_the_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((protocol.HOST, 0))
        threading.Thread(target=lambda: other.sendto(b"HTTP/1.1 400", other.recvfrom(4096)[1]), daemon=True).start()
        assert not answers(other.getsockname()[1])


def test_a_daemon_that_dies_is_noticed(start, monkeypatch):
    monkeypatch.setattr("segue_bridge.client.SILENCE", 0.5)
    daemon, _ = start(Slow())
    path = LossyPath(daemon.port, lambda datagram: b"resend" in datagram or b"progress" in datagram)
    with Client(path.port) as client, pytest.raises(SegueError) as fault:
        client.analyze(SONG)
    assert fault.value.code == "no_daemon"


def test_a_daemon_is_started_in_the_background_once(free_port):
    assert ensure_daemon(free_port) is True
    with Client(free_port) as client:
        pid = client.status(timeout=60)["pid"]
    try:
        assert pid != os.getpid()
        assert ensure_daemon(free_port) is False
        with Client(free_port) as client:
            assert client.status(timeout=60)["pid"] == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 60
    while answers(free_port, 0.1):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_running_daemon_is_given_the_spool_of_a_host(start, tmp_path):
    """That of a host whose folder it does not watch by itself."""
    daemon, _ = start()
    assert ensure_daemon(daemon.port, spool=tmp_path) is False
    assert (tmp_path / "daemon.alive").read_text("ascii").startswith(f"{os.getpid()} ")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad").chmod(0o777)
    with pytest.raises(SegueError) as fault:
        ensure_daemon(daemon.port, spool=tmp_path / "bad")
    assert fault.value.code == "bad_spool"


def test_the_log_of_a_daemon_is_its_users(tmp_path, monkeypatch, free_port):
    cache = tmp_path / "cache"
    monkeypatch.setenv("SEGUE_CACHE", str(cache))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SegueError):
        ensure_daemon(free_port)
    assert (cache.stat().st_mode & 0o777, (cache / "daemon.log").stat().st_mode & 0o777) == (0o700, 0o600)
    (cache / "daemon.log").unlink()
    (cache / "daemon.log").symlink_to(tmp_path / "letter.txt")
    with pytest.raises(SegueError):
        ensure_daemon(free_port)
    assert not (tmp_path / "letter.txt").exists()


def test_a_daemon_that_cannot_start_is_told(monkeypatch, tmp_path, free_port):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(SegueError, match=r"daemon\.log") as fault:
        ensure_daemon(free_port, timeout=10_000)  # the end of the process is noticed, not the end of patience
    assert fault.value.code == "no_daemon"
    assert "no such module" in (Path(os.environ["SEGUE_CACHE"]) / "daemon.log").read_text()


def test_two_starters_at_once_get_one_daemon(free_port):
    code = (
        f"from segue_bridge.client import *; ensure_daemon({free_port}); "
        f"print(Client({free_port}).status(timeout=60)['pid'])"
    )
    starters = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {starter.communicate(timeout=240)[0].strip() for starter in starters}

    def running():
        return {p.parent.name for p in Path("/proc").glob("[0-9]*/cmdline") if f"--port\0{free_port}\0" in _text(p)}

    try:
        assert len(pids) == 1 and "" not in pids
        # A slow machine may still be starting the other one, which finds the port taken and ends.
        end = time.monotonic() + 60
        while running() != pids:
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        for pid in pids - {""}:
            os.kill(int(pid), signal.SIGTERM)


def _text(path):
    try:
        return path.read_text()
    except OSError:  # the process has ended
        return ""
