"""At SIGTERM the daemon ends, with 0, whatever it is at: no packet must wake it up, no thread can hold it."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from osc_host import Host, until
from segue_bridge import ending, protocol

HERE = Path(__file__).parent
PATIENCE = 60.0  # seconds; that it takes less than two is measured by `attacks`

SERVE = """
import sys, threading, time
sys.path.insert(0, {here!r})
from pathlib import Path
from segue_bridge.daemon import serve
{define}
serve(0, Path({spool!r}), {analyse})
"""

DEAF = """
def deaf(region, options, progress, cancelled):
    progress(0.5, "beats")
    time.sleep(1000)
"""

BUSY = """
def busy(region, options, progress, cancelled):
    import numpy as np, onnxruntime
    from segue_bridge import model_store
    network = model_store.network("cuts")
    progress(0.5, "beats")
    while True:
        network.activations(np.zeros((20_000, 75), np.float32))
"""


@pytest.fixture
def serve(tmp_path):
    """serve(define="", analyse=None) -> (process, host): a daemon in a process of its own, and a host of it."""
    running = []

    def begin(define="", analyse="None"):
        code = SERVE.format(here=str(HERE), define=define, spool=str(tmp_path / "spool"), analyse=analyse)
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        host = Host(int(process.stderr.readline().rsplit(":", 1)[1]))
        running.append((process, host))
        return process, host

    yield begin
    for process, host in running:
        process.kill()
        process.wait()
        process.stderr.close()
        host.socket.close()


def ends_well(process, tmp_path, name=signal.SIGTERM):
    process.send_signal(name)
    assert process.wait(PATIENCE) == 0
    assert not (tmp_path / "spool" / "daemon.alive").exists()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_idle(serve, tmp_path, name):
    """The kernel may hand the signal to any thread, and the main one waits for a packet."""
    for _ in range(3):
        ends_well(serve()[0], tmp_path, name)


@pytest.mark.parametrize(("define", "analyse"), [(DEAF, "deaf"), (BUSY, "busy")], ids=["deaf", "inside a library"])
def test_in_mid_analysis(serve, tmp_path, define, analyse):
    process, host = serve(define, analyse)
    (tmp_path / "song.wav").write_bytes(b"song")
    host.analyze(1, tmp_path / "song.wav")
    assert host.wait("/segue/progress", PATIENCE)
    ends_well(process, tmp_path)


def test_while_the_models_are_being_loaded(serve, tmp_path):
    process, host = serve("import segue_bridge.serving as s; s.model_store.stamps = lambda: time.sleep(1000)")
    host.say("/segue/status")
    assert "loading" in host.wait("/segue/status", PATIENCE)[0]
    ends_well(process, tmp_path)


def test_in_mid_preview(serve, tmp_path):
    define = """
from osc_host import quick
from segue_bridge import preview
def stuck(*job):
    Path({mark!r}).touch()
    time.sleep(1000)
preview.make = stuck
""".format(mark=str(tmp_path / "began"))
    process, host = serve(define, "quick")
    (tmp_path / "song.wav").write_bytes(b"song")
    host.analyze(1, tmp_path / "song.wav")
    host.wait("/segue/done", PATIENCE)
    host.say("/segue/preview", 1, 0, 1, 1.0, 1.0)
    until((tmp_path / "began").exists, PATIENCE)
    ends_well(process, tmp_path)


def test_with_thousands_of_waiting_jobs(serve, tmp_path):
    process, first = serve(DEAF, "deaf")
    hosts = [first, *(Host(first.daemon[1]) for _ in range(3))]
    (tmp_path / "song.wav").write_bytes(b"song")
    for number in range(4000):
        hosts[number % 4].analyze(number, tmp_path / "song.wav")
        if number % 100 == 99:  # no more on the way than the socket holds
            first.say("/segue/status")
            queue = json.loads(first.wait("/segue/status", PATIENCE)[0])["queue"]
    assert queue > 3000
    ends_well(process, tmp_path)
    for host in hosts[1:]:
        host.socket.close()


def test_while_it_is_flooded(serve, tmp_path):
    process, host = serve()
    stop = threading.Event()

    def flood():
        garbage = os.urandom(64)
        status = protocol.reply("/segue/status", sender="host")
        while not stop.is_set():
            host.raw(garbage)
            host.raw(status)

    threads = [threading.Thread(target=flood) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        host.wait("/segue/status", PATIENCE)
        ends_well(process, tmp_path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_without_a_signal_the_process_goes_on():
    handler = signal.getsignal(signal.SIGTERM)
    with ending.ends_at_signals(lambda: pytest.fail("nobody asked")):
        pass
    assert signal.getsignal(signal.SIGTERM) is handler and signal.set_wakeup_fd(-1) == -1


def test_the_end_comes_even_where_stopping_hangs(tmp_path):
    code = """
import time
from segue_bridge import ending
ending.MOST_SECONDS = 0.1
with ending.ends_at_signals(lambda: None):
    print("ready", flush=True)
    time.sleep(1000)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
