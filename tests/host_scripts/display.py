"""A private X display for a DAW under test, its pictures, and the end of what was started on it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def start(screen: str) -> tuple["subprocess.Popen[bytes]", str]:
    """A display of `screen` pixels, such as "1600x900": its server, and its name, which X chooses."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{screen}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return server, f":{int(pipe.readline())}"


def end(processes: "list[subprocess.Popen[bytes]]") -> None:
    """End what was started, the newest first."""
    for process in reversed(processes):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    processes.clear()


def shoot(environment: Mapping[str, str], folder: Path, picture: Path) -> None:
    """Save the whole display, in few colours; `folder` is for what comes between."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    shot = folder / "shot.png"
    subprocess.run(["import", "-window", "root", str(shot)], env=environment, check=True)
    subprocess.run(["convert", str(shot), "+dither", "-colors", "128", "-strip", f"PNG8:{picture}"], check=True)
