"""`serve` as a process: signals, ports, and that it is not doubled."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from osc_host import Host, SpoolHost, quick
from segue_bridge import __version__, protocol, spool
from segue_bridge.daemon import Daemon, bind, serve
from segue_bridge.errors import SegueError


@pytest.fixture
def process(tmp_path):
    """process(port) -> a real `segue serve` process that already listens."""
    running = []

    def begin(port: int = 0, **options):
        code = (
            f"from pathlib import Path; from segue_bridge.daemon import serve; serve({port}, Path({str(tmp_path)!r}))"
        )
        running.append(subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, **options))
        return running[-1], running[-1].stderr.readline()

    yield begin
    for each in running:
        each.kill()
        each.wait()
        each.stderr.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_process_cleanly(process, tmp_path, name):
    running, line = process()
    assert line.startswith(f"segue {__version__} listens on 127.0.0.1:")
    host = Host(int(line.rsplit(":", 1)[1]))
    host.say("/segue/status")
    assert json.loads(host.wait("/segue/status")[0])["pid"] == running.pid
    assert (tmp_path / "daemon.alive").read_text().split()[0] == str(running.pid)
    running.send_signal(getattr(signal, name))
    assert running.wait(60) == 0
    assert not (tmp_path / "daemon.alive").exists()


def test_a_daemon_that_runs_is_found_and_not_doubled(process, free_port, capsys):
    port = free_port
    process(port)
    second, line = process(port)
    assert "already running" in line and second.wait(60) == 0
    serve(port)
    assert f"already running on port {port}" in capsys.readouterr().err


def test_a_spool_is_handed_to_the_daemon_that_runs(start, tmp_path, capsys):
    """It used to end with 0, and nobody looked into the folder."""
    daemon, _ = start()
    folder = tmp_path / "new" / "spool"
    serve(daemon.port, folder)
    assert f"watches {folder} too" in capsys.readouterr().err
    daw = SpoolHost(folder)
    daw.put(protocol.reply("/segue/status", sender="host"))
    daw.wait("/segue/status")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_spool_that_the_daemon_that_runs_refuses(start, tmp_path):
    daemon, _ = start()
    (tmp_path / "to_host").write_text("")
    with pytest.raises(SegueError) as fault:
        serve(daemon.port, tmp_path)
    assert fault.value.code == "bad_spool"


@pytest.mark.parametrize("bits", [0o777, 0o770])
def test_a_spool_in_which_others_may_write(tmp_path, bits):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool").chmod(bits)
    with pytest.raises(SegueError, match="chmod go-w") as fault:
        serve(0, tmp_path / "spool")
    assert fault.value.code == "bad_spool"


def test_a_port_that_another_program_holds():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(SegueError, match="used by another program") as fault:
            serve(other.getsockname()[1])
    assert fault.value.code == "port_taken"


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_is_none(port):
    with pytest.raises(SegueError) as fault:
        serve(port)
    assert fault.value.code == "bad_port"


def test_a_spool_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SegueError, match="another spool") as fault:
        serve(0, tmp_path / "file" / "spool")
    assert fault.value.code == "bad_spool"


def test_only_this_machine_is_listened_to():
    with bind(0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"
    with pytest.raises(SegueError), bind(0) as sock:
        bind(sock.getsockname()[1])


def test_the_folders_of_the_spool_are_those_that_hosts_are_told(monkeypatch, tmp_path):
    """`serve` without a spool watches where `default_spool` sends the host scripts."""
    seen = []
    monkeypatch.setattr(spool, "spool_root", lambda: tmp_path)
    monkeypatch.setattr(Daemon, "run", lambda self: seen.append(self.spools._root))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    serve(0, analyse=quick)
    assert seen == [tmp_path] and spool.default_spool("ardour") == tmp_path / "ardour"
