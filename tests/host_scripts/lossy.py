"""The wire between hosts and the daemon, with loss: every message passes here, whichever transport carries it.

It lies inside the daemon, where messages are not packed any more or not yet: a relay outside would race with a host for
the files of its spool.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from scripted_daemon import ScriptedDaemon
from segue_bridge import osc, protocol, protocol_table, spool
from segue_bridge.daemon import Daemon
from segue_bridge.outbox import Outbox, Peer
from segue_bridge.result import Analysis

ANSWERS = {verb.address for verb in protocol_table.TABLE if verb.sender == "daemon"}
Copies = Callable[[osc.Message], int]  # how often a message arrives: 0 lost, 1, 2 twice


class Wire:
    """`copies` decides what arrives; `heard` is what the daemon heard, `lost` what either side said in vain."""

    def __init__(self) -> None:
        self.copies: Copies = lambda message: 1
        self.heard: list[osc.Message] = []
        self.lost: list[osc.Message] = []

    def count(self, address: str) -> int:
        """How often the daemon heard this address."""
        return sum(message.address == address for message in self.heard)

    def passes(self, message: osc.Message) -> int:
        """How often this message arrives."""
        copies = self.copies(message)
        if not copies:
            self.lost.append(message)
        return copies

    def arriving(self, packets: Sequence[bytes]) -> list[bytes]:
        """What arrives of these messages."""
        return [packet for packet in packets for _ in range(self.passes(osc.parse(packet)[0]))]


@contextmanager
def wired() -> Iterator[Wire]:
    """Everything that the daemons of this process hear and say goes over this wire."""
    wire, by_udp, by_file, answer = Wire(), Outbox._send, spool.write, Daemon._answer

    def send(outbox: Outbox, address: tuple[str, int], packets: Sequence[bytes]) -> None:
        by_udp(outbox, address, wire.arriving(packets))

    def write(folder: Path, packets: Sequence[bytes]) -> None:
        arriving = wire.arriving(packets) if folder.name == "to_host" else packets
        if arriving:
            by_file(folder, arriving)

    def hear(daemon: Daemon, message: osc.Message, sender) -> None:
        for _ in range(wire.passes(message)):
            wire.heard.append(message)
            answer(daemon, message, sender)

    with (
        patch.object(Outbox, "_send", send),
        patch.object(spool, "write", write),
        patch.object(Daemon, "_answer", hear),
    ):
        yield wire


def chance(seed: int, part: float, *addresses: str) -> Copies:
    """Loses this part (0..1) of the messages to these addresses."""
    dice = random.Random(seed)
    return lambda message: int(message.address not in addresses or dice.random() >= part)


def first(*addresses: str) -> Copies:
    """Loses the first message to each of these addresses."""
    left = set(addresses)

    def copies(message: osc.Message) -> int:
        lost = message.address in left
        left.discard(message.address)
        return int(not lost)

    return copies


def answers_twice(message: osc.Message) -> int:
    """What the daemon says arrives two times."""
    return 2 if message.address in ANSWERS else 1


def crash(daemon: ScriptedDaemon, wire: Wire) -> None:
    """End the daemon without a farewell: nothing is said any more, and `daemon.alive` stays and grows old."""

    def abandon(watch: spool.Watch) -> None:
        watch._stop.set()
        watch._thread.join(1.0)

    copies, wire.copies = wire.copies, lambda message: 0
    with patch.object(spool.Watch, "stop", abandon):
        daemon.stop()
    wire.copies = copies


def age(daemon: ScriptedDaemon) -> None:
    """Let a minute pass for the `daemon.alive` that a crash left, so that no test waits for it."""
    for path in daemon.spool_root.glob("*/daemon.alive"):
        pid, number, then = path.read_text("ascii").split()
        path.write_text(f"{pid} {number} {int(then) - 60}\n", "ascii")


def cancel_all(daemon: ScriptedDaemon) -> None:
    """Cancel what is at work, as another window that shares the spool would."""
    for peer, number in _at_work(daemon):
        daemon._daemon._jobs.cancel(peer, number)


def answer_another(daemon: ScriptedDaemon, analysis: Analysis) -> None:
    """Say this to the hosts that wait, but about a job of another number."""
    for peer, number in _at_work(daemon):
        daemon._daemon._outbox.send(peer, protocol.counted_set(number + 1, analysis))


def _at_work(daemon: ScriptedDaemon) -> list[tuple[Peer, int]]:
    return [key for key, job in daemon._daemon._jobs._jobs.items() if job.ending is None]
