"""Another user floods the port for ten seconds each, from few sockets and from thousands."""

import contextlib
import socket
import statistics
import time

from second_user import others_at_work
from segue_bridge import protocol
from segue_bridge.client import Client
from segue_bridge.errors import SegueError

TITLE = "second user: floods, 4 processes"
SECONDS = 10.0
PROCESSES = 4
SOCKETS = (1, 3000)  # of each process


def latencies(victim, seconds: float) -> tuple[list[float], int]:
    """Seconds until new hosts had an answer, and how many had none."""
    end, took, lost = time.monotonic() + seconds, [], 0
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            with Client(victim.port) as client:
                client.hello(timeout=10)
            took.append(time.monotonic() - began)
        except SegueError:
            lost += 1
        time.sleep(0.02)
    return took, lost


def attack(victim) -> tuple[int, str]:
    """Its own user is answered all the time, over UDP and in its spool."""
    packet = protocol.reply("/segue/status", sender="host")
    seen, asked = [], 0
    for count in SOCKETS:

        def flood(number: int, count: int = count) -> None:
            ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
            while True:
                for sock in ends:
                    with contextlib.suppress(OSError):
                        sock.sendto(packet, ("127.0.0.1", victim.port))

        with others_at_work(flood, PROCESSES):
            time.sleep(0.5)
            took, lost = latencies(victim, SECONDS)
            began = time.monotonic()
            assert victim.answers_in_spool(30)
            spool = time.monotonic() - began
        asked += len(took) + lost
        median, most = statistics.median(took), max(took)
        seen.append(
            f"{count * PROCESSES} ports: median {median:.2f} s, most {most:.2f} s, {lost} lost, spool {spool:.2f} s"
        )
    return asked, "; ".join(seen)
