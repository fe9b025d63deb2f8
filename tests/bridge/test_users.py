"""Whose sockets the kernel says they are, by either way of asking."""

import os
import socket
import time

import pytest

from second_user import UID, can_switch, others_at_work
from segue_bridge import users


@pytest.fixture(params=["netlink", "tables"])
def kernel(request, monkeypatch):
    """Both ways; the second one where netlink is locked away."""
    if request.param == "tables":
        monkeypatch.setattr(users, "_connected", lambda: None)
    one = users.Users()
    assert (one._kernel is None) == (request.param == "tables")
    yield one
    one.close()


@pytest.fixture
def daemon():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()


def ends(daemon) -> list[socket.socket]:
    """Sockets as hosts have them."""
    connected, bound, wide = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    connected.connect(daemon)
    bound.bind(("127.0.0.1", 0))
    wide.bind(("", 0))
    both = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    both.bind(("::", 0))
    return [connected, bound, wide, both]


def test_our_own_sockets(kernel, daemon):
    ours = ends(daemon)
    for sock in ours:
        assert kernel.ours(("127.0.0.1", sock.getsockname()[1]), daemon) is True
    ports = kernel.own_ports(daemon[1])
    assert {sock.getsockname()[1] for sock in ours} <= set(ports)
    assert ports[0] == ours[0].getsockname()[1], "who is connected to the daemon comes first"
    gone = [("127.0.0.1", sock.getsockname()[1]) for sock in ours]
    for sock in ours:
        sock.close()
    assert [kernel.ours(address, daemon) for address in gone] == [False] * 4


def test_another_address_of_this_machine_is_another_socket(kernel, daemon):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.2", 0))
        port = sock.getsockname()[1]
        assert kernel.ours(("127.0.0.2", port), daemon) is True
        assert kernel.ours(("127.0.0.1", port), daemon) is False


def test_sockets_of_another_user(kernel, daemon, monkeypatch):
    """Where this process cannot become one, it takes itself for one."""
    ours = ends(daemon)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert [kernel.ours(("127.0.0.1", sock.getsockname()[1]), daemon) for sock in ours] == [False] * 4
    assert not set(kernel.own_ports(daemon[1])) & {sock.getsockname()[1] for sock in ours}
    for sock in ours:
        sock.close()


def test_a_port_that_two_users_share(kernel, daemon):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 0))
        address = ("127.0.0.1", sock.getsockname()[1])
        assert kernel.ours(address, daemon) is True
        read, write = os.pipe()

        def share(number):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("", address[1]))
                os.write(write, b"x")
                time.sleep(60)

        if can_switch():
            with others_at_work(share, uid=UID):
                os.read(read, 1)
                assert kernel.ours(address, daemon) is False
            assert kernel.ours(address, daemon) is True


def test_where_no_kernel_tells(monkeypatch, daemon):
    monkeypatch.setattr(users, "_connected", lambda: None)
    monkeypatch.setattr(users, "_TABLES", [])
    assert users.Users().ours(daemon, daemon) is None
    assert users.is_ours(*daemon) is None


def test_thousands_of_sockets_do_not_slow_the_question_down(daemon):
    """The kernel's table as text took 0.7 s then; counted are its answers' bytes, not time."""
    many = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
    for sock in many:
        sock.bind(("127.0.0.1", 0))
    kernel = users.Users()
    assert len(kernel._one(many[7].getsockname(), daemon)) == 1
    assert len(kernel._all(many[7].getsockname()[1])) == 1
    assert {sock.getsockname()[1] for sock in many} <= set(kernel.own_ports(0))
    kernel.close()
    for sock in many:
        sock.close()


def test_a_socket_that_a_page_of_the_tables_has_left_out_is_found(monkeypatch, daemon):
    monkeypatch.setattr(users, "_connected", lambda: None)
    whole, looks = users._in_tables, []

    def torn():
        looks.append(1)
        return iter(()) if len(looks) == 1 else whole()

    monkeypatch.setattr(users, "_in_tables", torn)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert users.Users().ours(("127.0.0.1", sock.getsockname()[1]), daemon) is True
    assert len(looks) == 2
