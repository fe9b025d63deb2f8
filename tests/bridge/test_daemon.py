"""The daemon over real UDP sockets, with an analysis whose result is known."""

import json
import os
import socket
import struct
import time
from pathlib import Path

import pytest

from osc_host import Slow, analysis_of
from segue_bridge import __version__, model_store, osc, protocol, protocol_table
from segue_bridge.result import Options, Region
from segue_bridge.result_cache import through_cache
from segue_bridge.serving import Serving
from segue_models.beats.user_grid import UserGrid

ANSWER = {
    "/segue/hello": "/segue/ready",
    "/segue/analyze": "/segue/done",
    "/segue/resend": "/segue/error",
    "/segue/cancel": "/segue/error",
    "/segue/preview": "/segue/error",
    "/segue/verdict": "/segue/error",
    "/segue/status": "/segue/status",
}


@pytest.mark.parametrize("verb", [v for v in protocol_table.TABLE if v.sender == "host"], ids=lambda v: v.address)
def test_every_address_of_the_table_is_answered(start, verb):
    _, host = start()
    values = {"protocol": 1, "host": "Ardour", "version": "7.3", "spool": "", "job": 5}
    values |= {"path": "/song.wav", "start": 0.0, "length": 0.0, "options": ""}
    values |= {
        "exit": 0,
        "entry": 1,
        "before": 0.0,
        "after": 0.0,
        "cut": 0,
        "verdict": "kept",
        "kind": "exit",
        "time": 1.0,
    }
    host.say(verb.address, *(values[arg.name] for arg in verb.args))
    host.wait(ANSWER[verb.address])
    assert host.well()


def test_hello(start):
    _, host = start()
    host.say("/segue/hello", 1, "REAPER", "7.2", "")
    assert host.wait("/segue/ready") == (1, __version__)
    host.say("/segue/hello", 2, "REAPER", "9.0", "")
    assert host.wait("/segue/error")[:2] == (-1, "wrong_protocol")


def test_status(start):
    slow = Slow()
    _, host = start(slow, facts=lambda: {"provider": "CPUExecutionProvider", "models": {"cuts": "1"}})
    host.analyze(1)
    host.analyze(2)
    assert slow.running.wait(60)
    host.say("/segue/status")
    status = json.loads(host.wait("/segue/status")[0])
    assert status["version"] == __version__ and status["protocol"] == 1 and status["pid"] == os.getpid()
    assert status["queue"] == 2 and 0 <= status["uptime"] < 60
    assert status["provider"] == "CPUExecutionProvider" and status["models"] == {"cuts": "1"}
    slow.let.set()


def test_status_computes_nothing(start, monkeypatch):
    """A datagram of statuses: each is answered, and none looks at a model file."""
    looked = []
    monkeypatch.setattr(model_store, "describe", lambda *name: looked.append(name))
    monkeypatch.setattr(model_store, "available", lambda: looked.append("available") or [])
    _, host = start(facts=Serving())
    status = protocol.reply("/segue/status", sender="host")
    count = (65507 - 16) // (4 + len(status))
    host.raw(next(osc.bundles([status] * count, 65507)))
    for _ in range(count):
        assert json.loads(host.wait("/segue/status", 60)[0])["provider"] == "loading"
    assert count > 2000 and looked == []


def test_analyze_answers_a_counted_set_of_small_bundles(start):
    _, host = start()
    host.analyze(3, options='{"top": 900}')
    messages = host.counted_set()
    assert [m.address for m in messages].count("/segue/cut") == 900
    assert [m.values[1] for m in messages if m.address == "/segue/cut"] == list(range(900))
    assert messages[-1].values == (3, 900, 450)
    assert max(host.sizes) <= 4096 and len(host.sizes) < 60


def test_the_region_arrives_as_it_was_sent(start):
    seen = []

    def look(region, options, progress, cancelled):
        seen.append((region, options))
        return analysis_of(0)

    _, host = start(look)
    host.analyze(1, "/a%L.wav\n/a%R.wav", 1.25, 90.0, '{"top": 8, "min_score": 0.25}')
    assert host.wait("/segue/done") == (1, 0, 0)
    host.analyze(2, "/é ♪.wav")
    host.wait("/segue/done")
    host.analyze(3, "/é ♪.wav", options='{"grid": {"bpm": 124, "downbeat": 1.5}}')
    host.wait("/segue/done")
    left, right, song = Path("/a%L.wav"), Path("/a%R.wav"), Path("/é ♪.wav")
    assert seen.pop() == (Region((song,), 0.0, None), Options(grid=UserGrid(bpm=124.0, downbeat=1.5)))
    assert seen == [(Region((left, right), 1.25, 90.0), Options(8, 0.25)), (Region((song,), 0.0, None), Options())]


def test_an_analyze_datagram_as_a_lua_script_of_ardour_sends_it(start):
    """Written out by hand: job as double, which Ardour 7.3 makes of an int64."""
    _, host = start()
    text = (
        b"/segue/analyze\0\0,dsdds\0\0"
        + struct.pack(">d", 4)
        + b"/song.wav\0\0\0"
        + struct.pack(">dd", 0, 60)
        + b"\0" * 4
    )
    host.raw(text)
    assert host.wait("/segue/done")[0] == 4


def test_resend_gives_the_same_set_again(start):
    _, host = start()
    host.analyze(1, options='{"top": 200}')
    first = host.counted_set()
    host.say("/segue/resend", 1)
    assert host.counted_set() == first


def test_a_burst_that_fits_into_the_buffer_loses_none(start):
    slow = Slow()
    daemon, host = start(slow)
    # A machine's net.core.rmem_max may keep the buffer below what was asked for; a short datagram takes up to 2 kB.
    burst = min(2000, daemon._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2048)
    host.analyze(1)
    assert slow.running.wait(60)
    for number in range(burst):
        host.say("/segue/resend", 10_000 + number)
    lost = set(range(burst))
    while lost:
        lost.discard(host.wait("/segue/error")[0] - 10_000)
    slow.let.set()
    assert host.well()


def test_200_jobs_at_once_are_all_done(start):
    _, host = start()
    for number in range(200):
        host.analyze(number)
    assert [host.wait("/segue/done")[0] for _ in range(200)] == list(range(200))


def test_cancel_is_answered_while_the_job_is_at_work(start):
    slow = Slow()
    _, host = start(slow)
    host.analyze(1)
    assert slow.running.wait(60)
    host.say("/segue/cancel", 1)
    assert host.wait("/segue/cancelled") == (1,)
    slow.let.set()
    assert host.well()
    host.say("/segue/resend", 1)
    assert host.wait("/segue/cancelled") == (1,)


def test_other_requests_are_answered_while_a_job_is_at_work(start):
    slow = Slow()
    _, host = start(slow)
    host.analyze(1)
    assert slow.running.wait(60)
    for _ in range(20):
        host.say("/segue/hello", 1, "h", "v", "")
        host.wait("/segue/ready")
    slow.let.set()


def test_a_second_ask_reads_nothing_of_60_mb_again(start, tmp_path):
    calls = []

    def analyse(*job):
        calls.append(job)
        return analysis_of(400)

    song = tmp_path / "six minutes.wav"
    song.write_bytes(os.urandom(1 << 20) * 60)
    os.utime(song, (time.time() - 60,) * 2)
    _, host = start(through_cache(analyse))
    read = []
    for number in range(4):
        before = bytes_read()
        host.analyze(number, song)
        messages = host.counted_set()
        read.append(bytes_read() - before)
        assert messages[-1].values == (number, 400, 200)
    assert len(calls) == 1
    assert read[0] > 60 << 20 and max(read[1:]) < 1 << 20


def bytes_read() -> int:
    """What this process has read so far, from files and all else."""
    return int(dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())["rchar"])
