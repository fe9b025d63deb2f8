"""Another user sits on the port of a daemon that is gone, and waits for its hosts."""

import socket

from osc_host import Host
from second_user import others_at_work
from segue_bridge import meeting
from segue_bridge.client import Client
from segue_bridge.errors import SegueError

TITLE = "second user: sits on the port of the daemon"
TRIES = 50


def attack(victim) -> tuple[int, str]:
    """A host must not tell it a path, and believe nothing it says."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def sit(number: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", port))
            while True:
                _packet, host = sock.recvfrom(65535)
                sock.sendto(b"/segue/ready\0\0\0\0,is\0\0\0\0\1" + b"9.9\0", host)

    fooled = 0
    with others_at_work(sit):
        for _ in range(TRIES):
            with Client(port) as client:
                try:
                    client.hello(timeout=0.1)
                    fooled += 1
                except SegueError:
                    pass
    assert meeting.find(victim.port), "the victim's own hosts find it"
    Host(victim.port).socket.close()
    return TRIES, f"{fooled} hosts fooled"
