"""What comes through the receiver, and what it costs to be a stranger."""

import os
import socket

import pytest

from osc_host import until
from segue_bridge import meeting, receiver
from segue_bridge.receiver import Receiver


@pytest.fixture
def ends():
    """A receiver, and a host that speaks to it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host,
    ):
        daemon.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        daemon.bind(("127.0.0.1", 0))
        host.connect(daemon.getsockname())
        one = Receiver(daemon, meeting.new(daemon.getsockname()[1]))
        one.start()
        yield one, host
        one.stop()
        one.close()


def test_datagrams_come_in_their_order_with_their_sender(ends):
    one, host = ends
    for number in range(100):
        host.send(b"%d" % number)
    host.send(b"")
    assert [one.next() for _ in range(101)] == [
        *((b"%d" % number, host.getsockname()) for number in range(100)),
        (b"", host.getsockname()),
    ]


def test_stop_ends_the_waiting_whatever_waits(ends):
    one, host = ends
    for _ in range(100):
        host.send(b"x")
    one.stop()
    assert one.next() is None


def test_more_than_can_wait_is_lost_and_the_rest_goes_on(ends, monkeypatch):
    one, host = ends
    monkeypatch.setattr(receiver, "WAITING_BYTES", 10 * 60_000)
    for _ in range(40):
        host.send(b"x" * 60_000)
    until(lambda: one._queue.qsize() == 10)
    assert all(len(one.next()[0]) == 60_000 for _ in range(10))
    host.send(b"y")
    while one.next()[0] != b"y":
        pass


def test_a_stranger_is_looked_up_once_and_is_no_stranger_for_ever(ends, monkeypatch, caplog):
    one, host = ends
    asked, ours = [], one._users.ours
    monkeypatch.setattr(one._users, "ours", lambda *ends: (asked.append(ends), ours(*ends))[1])
    own = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: own + 1)
        for _ in range(50):
            host.send(b"x")
        until(lambda: one._refused or "refused" in caplog.text)
        assert len(asked) <= 2
    until(lambda: (host.send(b"mine"), one._queue.qsize())[1])  # half a second later
    assert one.next() == (b"mine", host.getsockname())
    assert caplog.text.count("refused") <= 1


def test_the_strangers_that_are_remembered_are_bounded(ends, monkeypatch):
    one, _ = ends
    monkeypatch.setattr(receiver, "STRANGERS", 100)
    for port in range(1000, 2000):
        assert not one._is_ours(b"", ("127.0.0.1", port))
    assert len(one._strangers) <= 100
