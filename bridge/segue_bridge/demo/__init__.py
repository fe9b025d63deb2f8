"""The main job on a song of our own: a region over OSC to the daemon, markers back, printed and drawn."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from segue_bridge import cached_analysis, client, console, formats, protocol
from segue_bridge.formats.table import clock
from segue_bridge.marker_name import place
from segue_bridge.result import Analysis, Options, Region
from segue_models import files

SONG = Path(__file__).parent / "song.ogg"
TOP = 6  # exits, and entries: the result fits the screen of whoever tries it


def run(folder: Path, port: int = protocol.PORT) -> None:
    """Mark the song through the daemon; prints a table and writes a picture into `folder`. Raises SegueError."""
    started = time.perf_counter()
    with daemon(port) as up, client.Client(up) as host, console.progress("demo") as report:
        asked = time.perf_counter()
        found = host.analyze([SONG], options={"top": TOP}, progress=report)
        marked = time.perf_counter() - asked
        # What a DAW needs came over OSC; the beats and sections to draw are in the cache of the daemon.
        whole = cached_analysis.analyse(Region((SONG,)), Options(top=TOP), report)
    analysis = replace(whole, cuts=found.cuts, transitions=found.transitions)
    console.show(formats.render("table", analysis).decode() + "\n")
    click.echo(_best(analysis))
    picture = _free_name(folder, "segue-demo", ".png")
    files.write(picture, formats.render("png", analysis))
    total = time.perf_counter() - started
    click.echo(
        f"{picture.name} is drawn; {marked:.1f} s from the request over OSC to the last marker, {total:.1f} s in all"
    )


@contextmanager
def daemon(port: int) -> Iterator[int]:
    """Port of the daemon that is up, else of a private one, which is stopped afterwards. Raises SegueError."""
    if client.answers(port):
        yield port
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((protocol.HOST, 0))
        port = probe.getsockname()[1]
    client.ensure_daemon(port)
    with client.Client(port) as host:
        pid = host.status()["pid"]
    try:
        yield port
    finally:
        os.kill(pid, signal.SIGTERM)


def _best(analysis: Analysis) -> str:
    """The best transition in words."""
    if not analysis.transitions:
        return "no transition was found"
    best = max(analysis.transitions, key=lambda transition: transition.score)
    cuts = {cut.id: cut for cut in analysis.cuts}
    leave, enter = cuts[best.exit], cuts[best.entry]
    ways = [f"{clock(cut.time)} ({place(cut)}, section {cut.section})" for cut in (leave, enter)]
    return f"best transition: leave at {ways[0]}, go on at {ways[1]}, score {best.score:.2f}"


def _free_name(folder: Path, stem: str, suffix: str) -> Path:
    """The first of stem.png, stem-2.png, stem-3.png ... that is not there yet."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path
