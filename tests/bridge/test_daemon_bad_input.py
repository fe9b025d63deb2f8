"""Whatever is sent, and whoever goes away: a clear error to the sender, and the next request is answered."""

import json
import os
import shutil
import struct
import time

import pytest

from osc_host import Host, Slow, quick, until
from segue_bridge import osc, protocol
from segue_bridge.errors import SegueError


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"garbage",
        os.urandom(1400),
        b"/segue/status",
        b"#bundle\0" + struct.pack(">Qi", 1, -4) + b"\0" * 32,
        b"/segue/analyze\0\0,isdds\0\0\0\0",
        b"x" * 65507,
        b"/" * 65507,
    ],
    ids=["empty", "text", "random", "unterminated", "negative size", "truncated", "65507 bytes", "65507 slashes"],
)
def test_garbage_and_oversized_datagrams(start, datagram):
    _, host = start()
    host.raw(datagram)
    job, code, sentence = host.wait("/segue/error")
    assert (job, code) == (-1, "bad_packet") and sentence.endswith("send OSC 1.0 packets")
    assert host.well()


def test_the_largest_datagram_there_is_can_be_a_good_one(start):
    _, host = start()
    room = 65507 - len(protocol.reply("/segue/analyze", 1, "", 0.0, 0.0, "", sender="host")) - 4
    host.analyze(1, "/" + "x" * room)
    assert host.wait("/segue/done")[0] == 1


@pytest.mark.parametrize("address", ["/segue/nothing", "/segue/previews", "/other", "/segue/done"])
def test_unknown_addresses(start, address):
    _, host = start()
    host.raw(osc.pack(address, "i", [3]))
    job, code, sentence = host.wait("/segue/error")
    assert (job, code) == (-1, "unknown_address") and "/segue/analyze" in sentence
    assert host.well()


@pytest.mark.parametrize(
    ("tags", "values", "job"),
    [
        ("isssss", [7, "/a", "0", "1", "", ""], 7),
        ("isdd", [7, "/a", 0.0, 1.0], 7),
        ("iidds", [7, 7, 0.0, 1.0, ""], 7),
        ("sdddd", ["7", 0.0, 0.0, 0.0, 0.0], -1),
        ("isdds", [7, "/a", float("nan"), 1.0, ""], 7),
        ("isdds", [7, "/a", 0.0, 1.0, '{"color": "red"}'], 7),
        ("isdds", [7, "relative.wav", 0.0, 1.0, ""], 7),
        ("", [], -1),
    ],
)
def test_wrong_types_and_values(start, tags, values, job):
    _, host = start()
    host.raw(osc.pack("/segue/analyze", tags, values))
    assert host.wait("/segue/error")[:2] == (job, "bad_arguments")
    assert host.well()


def test_a_bundle_dated_in_the_future_is_done_at_once(start):
    _, host = start()
    tomorrow = b"#bundle\0" + struct.pack(">II", int(time.time()) + 2_208_988_800 + 86_400, 0)
    asks = [protocol.reply("/segue/status", sender="host"), protocol.reply("/segue/resend", 1, sender="host")]
    host.raw(tomorrow + osc.frame(asks))
    host.wait("/segue/status")
    assert host.wait("/segue/error")[:2] == (1, "unknown_job")
    assert host.well()


def test_two_jobs_with_one_number(start):
    slow = Slow()
    _, host = start(slow)
    host.analyze(5)
    host.analyze(5)
    assert host.wait("/segue/error")[:2] == (5, "duplicate_job")
    slow.let.set()
    assert host.wait("/segue/done") == (5, 2, 1)
    assert host.well()


def test_cancel_of_an_unknown_job(start):
    _, host = start()
    host.say("/segue/cancel", 77)
    assert host.wait("/segue/error")[:2] == (77, "unknown_job")
    assert host.well()


def test_an_error_is_never_answered(start):
    """Two daemons that answer each other's errors would never stop."""
    _, host = start()
    host.raw(protocol.error(-1, "unknown_address", "no"))
    host.raw(b"/segue/error\0\0\0\0,b\0\0\0\0\0\1x\0\0\0")
    assert host.silent(0.2)
    assert host.well()


def test_an_analysis_that_fails(start):
    def fail(region, options, progress, cancelled):
        if options.top == 1:
            raise SegueError("silent", "the recording is silent: choose another region")
        return quick(region, options, progress, cancelled) if options.top is None else 1 / 0

    _, host = start(fail)
    host.analyze(1, options='{"top": 1}')
    assert host.wait("/segue/error") == (1, "silent", "the recording is silent: choose another region")
    host.analyze(2, options='{"top": 2}')
    assert host.wait("/segue/error")[:2] == (2, "internal")
    assert host.well()


def test_a_daw_that_is_closed_in_mid_job(start):
    slow = Slow()
    daemon, host = start(slow)
    daw = Host(daemon.port)
    daw.analyze(1)
    daw.analyze(2)
    assert slow.running.wait(60)
    daw.socket.close()
    looks = slow.looks
    until(lambda: slow.looks > looks + 15)  # progress meets a closed port
    slow.let.set()
    assert host.well()


def test_a_spool_that_vanishes_in_mid_job(start, tmp_path):
    slow = Slow()
    _, host = start(slow)
    folder = tmp_path / "spool"
    folder.mkdir()
    host.analyze(1, options=json.dumps({"spool": str(folder)}))
    assert slow.running.wait(60)
    shutil.rmtree(folder)
    slow.let.set()
    assert host.well()
    assert not folder.exists()


def test_a_spool_that_cannot_be_used(start, tmp_path):
    _, host = start()
    (tmp_path / "file").write_text("")
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "to_host").write_text("")
    for number, bad in enumerate(
        ("relative", str(tmp_path / "none"), str(tmp_path / "file"), str(tmp_path / "blocked"))
    ):
        host.analyze(number, options=json.dumps({"spool": bad}))
        assert host.wait("/segue/error")[:2] == (number, "bad_spool")
        host.say("/segue/hello", 1, "h", "v", bad)
        assert host.wait("/segue/error")[:2] == (-1, "bad_spool")
    assert host.well()
