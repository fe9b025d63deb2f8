"""kill -9 at random moments while verdicts are given; every one that was acknowledged is on disk."""

import random
import time
from contextlib import suppress

from osc_host import Host
from verdict_file import lines, times
from victim import Victim, victim

TITLE = "kill -9 while verdicts are given"
KILLS = 15
AT_ONCE = 20  # verdicts on their way


def attack(one: Victim) -> tuple[int, str]:
    """A daemon for each kill, all with the same folders; a verdict is known by its time."""
    dice, given, noted = random.Random(0), 0, []
    home = one.home / "killed"
    for number in range(KILLS):
        with victim(home) as other:
            seconds = [round(1 + number + i / 10_000, 4) for i in range(5000)]
            count, acknowledged = _judge_until(other, seconds, time.monotonic() + dice.uniform(0.02, 0.5))
        given, noted = given + count, noted + acknowledged
    file = home / "data" / "segue" / "verdicts.jsonl"
    one.missed += [f"the verdict at {time} s" for time in {*noted} - times(file)]
    whole, broken = lines(file)
    return KILLS, f"{given} verdicts given, {len(noted)} acknowledged, {len(whole)} kept, {broken} half lines"


def _judge_until(one: Victim, seconds: list[float], end: float) -> tuple[int, list[float]]:
    """How many verdicts were given until the kill, and those that were acknowledged."""
    song = one.home / "song.wav"
    song.write_bytes(b"song")
    host = Host(one.port)
    host.analyze(1, song)
    host.counted_set(30)
    given = noted = 0
    while given < len(seconds) and time.monotonic() < end:
        if given - noted < AT_ONCE:
            host.say("/segue/verdict", 1, -1, "added", "exit", seconds[given])
            given += 1
        noted += _noted(host, 0.001)
    one.process.kill()
    one.process.wait()
    noted += _noted(host, 0.05)  # what was on its way
    host.socket.close()
    return given, seconds[:noted]


def _noted(host: Host, patience: float) -> int:
    count = 0
    with suppress(TimeoutError, BlockingIOError):
        while True:
            count += host.next(patience).address == "/segue/noted"
    return count
