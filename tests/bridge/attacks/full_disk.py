"""A disk that fills up while verdicts are given, previews made and answers written into a spool, and is emptied again.

As root a small disk of its own, which only the daemon sees; else a limit on the size of each file.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osc_host import Host
from verdict_file import lines, times
from victim import Victim, victim

TITLE = "full disk"
VERDICTS = 600
DISK = "256k"
LIMIT = 60_000  # bytes of a file


def attack(one: Victim) -> tuple[int, str]:
    """Verdicts until none is taken, then some more, then room, then some more."""
    with _small_disk(one.home / "small") as (other, data, make_room):
        song = other.home / "song.wav"
        song.write_bytes(b"song")
        host = Host(other.port)
        host.analyze(1, song)
        host.counted_set(30)
        noted, refused = [], 0
        for number in range(VERDICTS):
            if number == VERDICTS - 50:
                make_room()
            host.say("/segue/verdict", 1, -1, "added", "exit", 1 + number / 10)
            answer = host.next(10)
            if answer.address == "/segue/noted":
                noted.append(1 + number / 10)
            else:
                assert answer.values[1] == "failed", answer
                refused += 1
        one.hung += [] if other.answers() else ["the daemon with the full disk"]
        file = data / "segue" / "verdicts.jsonl"
        one.missed += [f"the verdict at {time} s" for time in {*noted} - times(file)]
        _, broken = lines(file)
        late = sum(time > 1 + (VERDICTS - 51) / 10 for time in noted)
        host.socket.close()
    return (
        VERDICTS,
        f"{len(noted)} acknowledged, {refused} refused, {late} of 50 after room was made, {broken} broken lines",
    )


@contextmanager
def _small_disk(home: Path) -> Iterator[tuple[Victim, Path, object]]:
    """A daemon, the folder of its data as seen from here, and what makes room."""
    data = home / "data"
    data.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        mount = f"mount -t tmpfs -o size={DISK},mode=700 tmpfs {data}"
        fill = f"head -c 100k /dev/zero > {data}/ballast"
        with victim(home, before=("unshare", "--mount", "sh", "-c", f'{mount} && {fill} && exec "$@"', "sh")) as other:
            inside = Path(f"/proc/{other.process.pid}/root{data}")
            yield other, inside, (inside / "ballast").unlink
        return
    resource.getrlimit(resource.RLIMIT_FSIZE)
    with victim(home, before=("sh", "-c", f'ulimit -S -f {LIMIT // 512} && exec "$@"', "sh")) as other:
        hard = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        yield other, data, lambda: resource.prlimit(other.process.pid, resource.RLIMIT_FSIZE, hard)
