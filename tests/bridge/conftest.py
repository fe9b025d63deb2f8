"""A daemon of its own for each test that asks for one, and no test in the user's folders."""

import socket
import threading
from pathlib import Path

import pytest

from osc_host import Host, quick
from segue_bridge.daemon import Daemon, bind


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or fills the user's cache."""
    root = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SEGUE_CACHE", str(root))
    return root


@pytest.fixture
def free_port() -> int:
    """A UDP port on this machine that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def start():
    """start(analyse=quick, spool_root=None) -> (daemon, host): a daemon on a port of its own, stopped afterwards."""
    running = []

    def begin(analyse=quick, spool_root: Path | None = None, **more):
        daemon = Daemon(bind(0), analyse, spool_root=spool_root, **more)
        thread = threading.Thread(target=daemon.run, daemon=True)
        thread.start()
        host = Host(daemon.port)
        running.append((daemon, thread, host))
        return daemon, host

    yield begin
    for daemon, thread, host in running:
        daemon.stop()
        thread.join(60)
        host.socket.close()
        assert not thread.is_alive()
