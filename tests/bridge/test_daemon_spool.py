"""The daemon and hosts whose scripts cannot receive UDP, through real folders."""

import json
import struct

import pytest

from osc_host import Host, Slow, SpoolHost, until
from segue_bridge import __version__, protocol


@pytest.fixture
def spooled(start, tmp_path):
    """A daemon that watches a root, and a host with a spool folder in it."""
    (tmp_path / "root" / "reaper").mkdir(parents=True)
    daemon, host = start(spool_root=tmp_path / "root")
    folder = tmp_path / "root" / "reaper"
    until((folder / "daemon.alive").exists)
    return daemon, host, SpoolHost(folder)


def test_a_whole_session_through_the_spool(spooled):
    _, _, daw = spooled
    daw.put(protocol.reply("/segue/hello", 1, "REAPER", "7.2", "", sender="host"))
    assert daw.poll() == [("/segue/ready", "is", (1, __version__))]
    daw.put(protocol.reply("/segue/analyze", 1, "/song.wav", 0.0, 0.0, '{"top": 300}', sender="host"))
    messages = daw.wait("/segue/done")
    assert [m.address for m in messages] == ["/segue/cut"] * 300 + ["/segue/transition"] * 150 + ["/segue/done"]
    daw.put(
        protocol.reply("/segue/resend", 1, sender="host"),
        protocol.reply("/segue/cancel", 9, sender="host"),
        protocol.reply("/segue/status", sender="host"),
    )
    assert daw.poll() == messages
    assert daw.poll()[0].values[:2] == (9, "unknown_job")
    assert daw.poll()[0].address == "/segue/status"


def test_a_host_that_sends_udp_and_reads_a_spool(start, tmp_path):
    """Ardour: Lua sends each message from another port, cannot receive, and names its spool in the options."""
    slow = Slow()
    daemon, _ = start(slow)
    daw = SpoolHost(tmp_path)
    hosts = []  # Lua holds a socket until it collects its garbage; the daemon must find who bound it

    def say(address, *values):
        hosts.append(Host(daemon.port))
        hosts[-1].say(address, *values)
        return hosts[-1]

    ask = ("/song.wav", 0.0, 60.0, json.dumps({"spool": str(tmp_path), "top": 4}))
    say("/segue/analyze", 1, *ask)
    until((tmp_path / "to_host").exists)
    assert daw.wait("/segue/progress")[0].values[0] == 1
    assert say("/segue/cancel", 1).silent(0.1)
    assert daw.wait("/segue/cancelled")[0].values == (1,)
    slow.let.set()
    say("/segue/analyze", 2, *ask)
    assert daw.wait("/segue/done")[-1].values == (2, 4, 2)
    say("/segue/resend", 2)
    assert daw.wait("/segue/done")[-1].values == (2, 4, 2)
    say("/segue/analyze", 3, "/song.wav", 0.0, -1.0, ask[-1])
    assert daw.wait("/segue/error")[0].values[:2] == (3, "bad_arguments")


def test_hello_with_a_spool_sends_all_further_answers_there(start, tmp_path):
    _, host = start()
    daw = SpoolHost(tmp_path)
    host.say("/segue/hello", 1, "Ardour", "7.3", str(tmp_path))
    until((tmp_path / "to_host").exists)
    assert daw.poll()[0].address == "/segue/ready"
    host.analyze(1)
    assert daw.wait("/segue/done")[-1].values[0] == 1
    host.raw(b"garbage")
    assert daw.wait("/segue/error")[0].values[1] == "bad_packet"
    assert host.silent(0.1)
    host.say("/segue/hello", 1, "Ardour", "7.3", "")  # back to UDP
    host.wait("/segue/ready")


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", struct.pack(">i", 100) + b"/segue", struct.pack(">i", -1), b"/segue/status\0\0\0,\0\0\0"],
    ids=["empty", "text", "half", "negative", "no length"],
)
def test_files_that_are_no_packets(spooled, content):
    _, host, daw = spooled
    (daw.folder / "to_daemon" / "bad.osc").write_bytes(content)
    assert daw.poll()[0].values[:2] == (-1, "bad_packet")
    (daw.folder / "to_daemon" / "half.tmp").write_bytes(content)
    daw.put(protocol.reply("/segue/status", sender="host"))
    assert daw.poll()[0].address == "/segue/status"
    assert [path.name for path in (daw.folder / "to_daemon").iterdir()] == ["half.tmp"]
    assert host.well()


def test_a_huge_file(spooled):
    _, host, daw = spooled
    with (daw.folder / "to_daemon" / "huge.tmp").open("wb") as file:
        file.truncate(1 << 40)
    (daw.folder / "to_daemon" / "huge.tmp").rename(daw.folder / "to_daemon" / "huge.osc")
    assert daw.poll()[0].values[:2] == (-1, "bad_packet")
    assert host.well()
