import socket
import threading
import time

import pytest

from segue_bridge import osc, spool
from segue_bridge import outbox as outboxes
from segue_bridge.outbox import Outbox


@pytest.fixture
def pair():
    """An outbox, and a socket to receive with that has the default buffer of a host."""
    sender, host = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    sender.bind(("127.0.0.1", 0))
    host.bind(("127.0.0.1", 0))
    host.settimeout(60)
    outbox = Outbox(sender)
    yield outbox, host
    outbox.close()
    sender.close()
    host.close()


class Clocked:
    """A socket that notes when each datagram was sent."""

    def __init__(self):
        self.sent = []

    def sendto(self, datagram, address):
        self.sent.append((time.monotonic(), datagram))


def test_a_host_that_reads_30_times_a_second_loses_nothing():
    """The default buffer of a host holds 25 full bundles."""
    clocked = Clocked()
    outbox = Outbox(clocked)
    outbox.send(("127.0.0.1", 1), [osc.pack("/n", "is", [i, "x" * 60]) for i in range(3000)])
    outbox.close(60)
    times, datagrams = zip(*clocked.sent, strict=True)
    assert [m.values[0] for d in datagrams for m in osc.parse(d)] == list(range(3000))
    assert max(map(len, datagrams)) <= 4096
    assert min(late - early for early, late in zip(times, times[25:], strict=False)) > 1 / 30


def test_answers_to_hosts_that_are_gone_hurt_nobody(pair, tmp_path):
    outbox, host = pair
    gone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    gone.bind(("127.0.0.1", 0))
    address = gone.getsockname()
    gone.close()
    for _ in range(3):
        outbox.send(address, [osc.pack("/a", "", [])])
        outbox.send(("127.0.0.1", 0), [osc.pack("/a", "", [])])
        outbox.send(tmp_path / "deleted", [osc.pack("/a", "", [])])
        outbox.send(host.getsockname(), [osc.pack("/b", "", [])])
        assert osc.parse(host.recv(65535))[0].address == "/b"


def test_one_answer_is_one_spool_file(pair, tmp_path):
    outbox, _ = pair
    (tmp_path / "to_host").mkdir()
    messages = [osc.pack("/n", "i", [i]) for i in range(400)]
    outbox.send(tmp_path, messages)
    outbox.close()
    (content,) = spool.take(tmp_path / "to_host")
    assert osc.unframe(content) == messages


def test_closing_sends_what_is_queued(pair):
    outbox, host = pair
    for i in range(50):
        outbox.send(host.getsockname(), [osc.pack("/n", "i", [i])])
    outbox.close()
    assert [osc.parse(host.recv(65535))[0].values[0] for _ in range(50)] == list(range(50))


class Socket:
    """Takes what is sent, once it is let."""

    def __init__(self):
        self.sent, self.let, self.trying = [], threading.Event(), threading.Event()

    def sendto(self, datagram, address):
        self.trying.set()
        assert self.let.wait(60)
        self.sent.append(address[1])


def test_hosts_take_turns():
    sock = Socket()
    outbox = Outbox(sock)
    for _ in range(100):
        outbox.send(("127.0.0.1", 1), [osc.pack("/a", "", [])])
    assert sock.trying.wait(60)
    outbox.send(("127.0.0.1", 2), [osc.pack("/a", "", [])])
    sock.let.set()
    outbox.close(60)
    assert sock.sent == [1, 2, *[1] * 99]


def test_what_waits_for_one_host_is_bounded_and_hurts_no_other(monkeypatch, caplog):
    monkeypatch.setattr(outboxes, "PER_HOST", 1000)
    sock = Socket()
    outbox = Outbox(sock)
    message = osc.pack("/a", "", [])
    most = 1000 // (len(message) + outboxes.OVERHEAD)
    outbox.send(("127.0.0.1", 9), [message])
    assert sock.trying.wait(60)
    for _ in range(1000):
        outbox.send(("127.0.0.1", 1), [message])
    outbox.send(("127.0.0.1", 2), [message])
    sock.let.set()
    outbox.close(60)
    assert sock.sent == [9, 1, 2, *[1] * (most - 1)]
    assert caplog.text.count("too slowly") == 1


def test_a_host_that_never_reads_its_spool_fills_no_disk(pair, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(outboxes, "LYING", 5)
    outbox, host = pair
    (tmp_path / "to_host").mkdir()
    for _ in range(50):
        outbox.send(tmp_path, [osc.pack("/a", "", [])])
    outbox.send(host.getsockname(), [osc.pack("/b", "", [])])
    assert osc.parse(host.recv(65535))[0].address == "/b"
    outbox.close(60)
    assert len(list((tmp_path / "to_host").iterdir())) == 5 and "lie there unread" in caplog.text
