import socket
import time

import pytest

from segue_bridge import osc, spool
from segue_bridge.outbox import Outbox


@pytest.fixture
def pair():
    """An outbox, and a socket to receive with that has the default buffer of a host."""
    sender, host = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    sender.bind(("127.0.0.1", 0))
    host.bind(("127.0.0.1", 0))
    host.settimeout(2)
    outbox = Outbox(sender)
    yield outbox, host
    outbox.close()
    sender.close()
    host.close()


def test_a_host_that_reads_30_times_a_second_loses_nothing(pair):
    outbox, host = pair
    messages = [osc.pack("/n", "is", [i, "x" * 60]) for i in range(3000)]
    outbox.send(host.getsockname(), messages)
    got, sizes = [], []
    while len(got) < 3000:
        time.sleep(1 / 30)
        host.settimeout(2 if not got else 0.5)
        while True:
            try:
                datagram = host.recv(65535)
            except (BlockingIOError, TimeoutError):
                break
            sizes.append(len(datagram))
            got += [m.values[0] for m in osc.parse(datagram)]
            host.settimeout(0)
        assert sizes, "nothing came"
    assert got == list(range(3000)) and max(sizes) <= 4096


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
