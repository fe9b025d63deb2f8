"""Nothing is written outside Segue's own folders, and nothing is said to another machine.

Each verb runs in a process of its own with a fresh home, and everything is compared before and after: the home, what
XDG_* name, the temporary folder and the current one. What Python compiles beside its sources is the installation's.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile

from segue_bridge import client, demo
from segue_bridge.errors import SegueError

WATCH = """
import sys
def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.bind", "socket.sendmsg"):
        with open({log!r}, "a") as log:
            print(args[0].family.name, args[1], file=log)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        with open({log!r}, "a") as log:
            print("LOOKUP", args[0], file=log)
sys.addaudithook(watch)
"""
OURS = (".cache/segue", ".local/share/segue")


class Home:
    """A user who has just come: folders of their own, and a note of whom their programs talk to."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work, self.temporary = folder / "home", folder / "work", folder / "tmp"
        self.runtime, self.log = folder / "runtime", folder / "talk"
        for made in (self.home, self.work, self.temporary, self.runtime, folder / "hook"):
            made.mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(WATCH.format(log=str(self.log)))
        paths = os.pathsep.join([str(folder / "hook"), *filter(None, sys.path)])
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.temporary), "PYTHONPATH": paths,
            "XDG_RUNTIME_DIR": str(self.runtime), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        with soundfile.SoundFile(demo.SONG) as song:
            soundfile.write(self.work / "song.wav", song.read(25 * song.samplerate), song.samplerate)
        self.before = self.everything()

    def everything(self) -> set[str]:
        """Paths of all files and folders, each behind the name of the place it is in."""
        places = (self.home, self.work, self.temporary, self.runtime)
        return {f"{place.name}/{path.relative_to(place)}" for place in places for path in place.rglob("*")}

    def segue(self, *args: object, code: int = 0) -> str:
        command = [sys.executable, "-m", "segue_bridge", *map(str, args)]
        done = subprocess.run(
            command, cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=250, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def foreign(self) -> set[str]:
        """What is new and lies neither in a folder of Segue's nor on the way to one."""
        ours = {f"home/{ours}" for ours in OURS}
        ways = {str(parent) for place in ours for parent in Path(place).parents}
        new = self.everything() - self.before
        return {p for p in new if p not in ways and not any(f"{p}/".startswith(f"{place}/") for place in ours)}

    def talked_to(self) -> set[str]:
        """Addresses outside this machine, and names that were looked up."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return {line for line in lines if not line.startswith("AF_UNIX") and "'127.0.0.1'" not in line}


@pytest.fixture
def user(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    ("args", "made"),
    [
        (["mark", "song.wav"], set()),
        (["mark", "song.wav", "-o", "song.png"], {"work/song.png"}),
        (["mark", ".", "--format", "json", "-o", "out"], {"work/out", "work/out/song.wav.json"}),
        (["preview", "song.wav", "--exit", "20", "--entry", "10"], set()),
        (["models"], set()),
        (["doctor"], set()),
        (["--help"], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_verb_writes_its_result_and_in_segues_folders(user: Home, args: list[str], made: set[str]) -> None:
    user.segue(*args)
    assert user.foreign() == made
    assert user.talked_to() == set()


@pytest.mark.long
def test_the_demo_writes_its_picture_alone(user: Home) -> None:
    user.segue("demo")
    assert user.foreign() == {"work/segue-demo.png"}
    assert user.talked_to() == set()
    assert user.log.exists()  # it does talk to its daemon


@contextmanager
def serving(user: Home, port: int):
    process = subprocess.Popen(
        [sys.executable, "-m", "segue_bridge", "serve", "--port", str(port)],
        cwd=user.work, env=user.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with client.Client(port) as host:
            for _ in range(300):
                try:
                    host.hello(timeout=1.0)
                    break
                except SegueError:
                    time.sleep(0.1)
            yield host
    finally:
        process.terminate()
        process.wait(60)


def test_the_daemon_keeps_what_it_writes_to_itself(user: Home, free_port: int) -> None:
    with serving(user, free_port) as host:
        found = host.analyze([user.work / "song.wav"])
    assert found.cuts is not None
    assert user.foreign() == set()
    assert user.talked_to() == set()


def test_the_watch_hears(user: Home) -> None:
    """Else the tests above could not fail."""
    code = (
        "import socket\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))\n"
        "open('stray', 'w').close()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=user.work, env=user.environment, check=True)
    assert user.foreign() == {"work/stray"}
    assert user.talked_to() == {"AF_INET ('192.0.2.1', 9)"}
