"""Files in a spool that are none: pipes, sockets, devices, links, folders, huge ones, very many."""

import os
import socket
import time
from pathlib import Path

TITLE = "spools: files that are none, 20,000 at once"
MANY = 20_000


def bad_files(folder: Path, secret: Path) -> list[Path]:
    """One of each kind, all older than what a host would write."""
    names = iter(range(100))

    def path() -> Path:
        return folder / f"{next(names):08d}.osc"

    os.mkfifo(path())
    for target in ("/dev/zero", "/dev/tty", "/proc/kmsg", "/proc/self/mem", secret, folder, "gone", "/"):
        path().symlink_to(target)
    os.link(secret, path())
    path().mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(folder)  # such names are short
        bound.bind(path().name)
        os.chdir(here)
    with path().open("wb") as sparse:
        sparse.truncate(1 << 40)
    (unreadable := path()).write_bytes(b"x")
    unreadable.chmod(0)
    return sorted(folder.glob("*.osc"))


def attack(victim) -> tuple[int, str]:
    """Another spool is served meanwhile, and the sweep of old files finds nothing that is not its own."""
    folder = victim.home / "odd"
    folder.mkdir(mode=0o700)
    (folder / "to_daemon").mkdir(mode=0o700)
    made = len(bad_files(folder / "to_daemon", victim.documents / "letter.txt"))
    victim.asks(folder)
    (folder / "to_daemon" / "many").mkdir()
    for number in range(MANY):
        (folder / "to_daemon" / f"{10**9 + number}.osc").write_bytes(b"x")
    began = time.monotonic()
    assert victim.answers_in_spool(30)
    return made + MANY, f"another spool is answered in {time.monotonic() - began:.2f} s"
