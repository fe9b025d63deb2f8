"""20,000 jobs of ten hosts, one of another host, and a signal while most of them wait."""

import json
import signal
import subprocess
import time

from osc_host import Host
from victim import Victim, victim

TITLE = "20,000 jobs of ten hosts, one of another"
HOSTS, JOBS = 10, 20_000
PATIENCE = 60.0  # seconds


def attack(one: Victim) -> tuple[int, str]:
    """The other host's turn comes after one of each; all jobs are answered or wait; the daemon ends at once."""
    with victim(one.home / "busy", analyse="slow") as other:
        song = other.home / "song.wav"
        song.write_bytes(b"song")
        greedy, modest = [Host(other.port) for _ in range(HOSTS)], Host(other.port)
        for number in range(JOBS):
            greedy[number % HOSTS].analyze(number, song, start=number / 1000)  # else it would be found kept
            if number % 200 == 199:  # no more on the way than the socket holds
                _status(modest)
        before = _status(modest)["queue"]
        modest.analyze(1, song)
        began = time.monotonic()
        modest.wait("/segue/done", PATIENCE)
        waited, queue = time.monotonic() - began, _status(modest)["queue"]
        took = _seconds_to_end(other)
        answered = sum(_answered(host) for host in greedy)
        one.hung += [f"{took:.1f} s until the end"] if took > 2 else []
        one.missed += [f"a job of {JOBS}"] * (JOBS - answered - queue)
        for host in (*greedy, modest):
            host.socket.close()
    seen = f"{before} waited; the other's was done in {waited:.2f} s, after {before - queue} of them; "
    return JOBS, seen + f"ended {took:.2f} s after SIGTERM"


def _status(host: Host) -> dict[str, int]:
    host.say("/segue/status")
    return json.loads(host.wait("/segue/status", PATIENCE)[0])


def _answered(host: Host) -> int:
    """How many of its jobs were done, or refused with a reason."""
    count = 0
    host.socket.settimeout(0.1)
    while True:
        try:
            message = host.next(0.1)
        except TimeoutError:
            return count
        count += message.address == "/segue/done" or (
            message.address == "/segue/error" and message.values[1] == "too_many"
        )


def _seconds_to_end(one: Victim) -> float:
    began = time.monotonic()
    one.process.send_signal(signal.SIGTERM)
    try:
        if one.process.wait(30) != 0:
            one.hung.append(f"ended with {one.process.returncode}")
    except subprocess.TimeoutExpired:
        one.hung.append("did not end")
    return time.monotonic() - began
