"""The dam: what passes in a flood, and that it is taken down afterwards."""

import socket

import pytest

from segue_bridge import flood
from segue_bridge.users import Users


@pytest.fixture
def daemon():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.2)
        yield sock


def arrives(daemon: socket.socket, sender: socket.socket) -> bool:
    sender.sendto(b"x", daemon.getsockname())
    try:
        return daemon.recvfrom(10)[1] == sender.getsockname()
    except TimeoutError:
        return False


def test_in_a_flood_only_our_own_pass_and_later_everybody(daemon, monkeypatch):
    users = Users()
    dam = flood.Dam(daemon, users)
    host, stranger, late = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    for sock in (host, stranger):
        sock.bind(("127.0.0.1", 0))
    own_ports = users.own_ports
    monkeypatch.setattr(users, "own_ports", lambda peer: [p for p in own_ports(peer) if p != stranger.getsockname()[1]])
    dam.look(flood.MANY)
    assert arrives(daemon, stranger) and dam.passes(stranger.getsockname())
    dam.look(flood.MANY + 1)
    assert arrives(daemon, host) and not arrives(daemon, stranger)
    assert dam.passes(host.getsockname()) and not dam.passes(stranger.getsockname())
    late.bind(("127.0.0.1", 0))
    dam._next_look = 0.0
    dam.look(0)
    assert arrives(daemon, late), "a host that came later"
    for _ in range(2 * flood.CALM):
        for _ in range(2 * flood.MANY):
            stranger.sendto(b"x", daemon.getsockname())
        dam.look(0)
    assert not arrives(daemon, stranger), "what the filter drops is a flood too"
    for _ in range(flood.CALM + 1):
        dam.look(0)
    assert arrives(daemon, stranger)
    for sock in (host, stranger, late):
        sock.close()
    users.close()


def test_more_ports_than_the_filter_can_know(daemon):
    users = Users()
    many = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(flood.PORTS + 50)]
    for sock in many:
        sock.bind(("127.0.0.1", 0))
    many[-1].connect(daemon.getsockname())
    dam = flood.Dam(daemon, users)
    dam.look(10_000)
    assert len(dam._ports) == flood.PORTS
    many[-1].send(b"x")
    assert daemon.recv(10) == b"x", "who is connected comes first"
    for sock in many:
        sock.close()
    users.close()
