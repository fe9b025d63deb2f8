"""How often all that a user does in the real Audacity goes well in a row, and how long it takes.

`python measure_audacity.py [--cycles 20] [SONG]`. Nothing is scripted here: the real daemon analyses the song with the
shipped model. Needs PulseAudio, whose sink nobody hears, besides what the tests need.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

from ardour_session import free_port, wait_for
from audacity_session import Audacity
from segue_bridge.client import Client

PREVIEW = "Segue Preview Transition"
SINK = "null"


@dataclass(frozen=True)
class Cycle:
    """Seconds of one cycle: start of the program, action to labels, the same again, preview as a track, and quit."""

    start: float
    mark: float
    again: float
    preview: float
    quit: float
    labels: int


def three_minutes(path: Path) -> Path:
    """The demo's song, again and again, as a stereo WAV of 180 s."""
    sound, rate = soundfile.read(str(files("segue_bridge") / "demo" / "song.ogg"), always_2d=True)
    soundfile.write(path, np.resize(sound, (180 * rate, 2)), rate)
    return path


@contextmanager
def daemon(audacity: Audacity) -> Iterator[int]:
    """The real daemon, which watches Audacity's spool; its port."""
    port = free_port()
    command = [sys.executable, "-m", "segue_bridge", "serve", "--port", str(port)]
    environment = {**os.environ, "XDG_DATA_HOME": str(audacity.data), "SEGUE_CACHE": str(audacity.folder / "cache")}
    with open(audacity.folder / "daemon.log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_for((audacity.spool / "daemon.alive").exists, "the daemon")
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def sound_card(folder: Path) -> Iterator[dict[str, str]]:
    """A sound card that nobody hears, for an Audacity in this folder; the environment of those who listen."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home" / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    environment = {**os.environ, "HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder)}
    modules = ("module-native-protocol-unix", f"module-null-sink sink_name={SINK} rate=48000")
    loaded = [word for module in modules for word in ("-L", module)]
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", *loaded]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for((folder / "pulse" / "native").exists, "PulseAudio")
        yield environment
    finally:
        process.terminate()
        process.wait(10)


def mark_cuts(audacity: Audacity) -> None:
    """Run the action, again where a plug-in stops waiting before a busy machine has heard the song."""

    def is_done() -> bool:
        audacity.do("SegueMarkCuts:")
        told = audacity.told()
        assert not told or "run this again" in told[0], told
        return not told

    wait_for(is_done, "the cuts", 240)


def cycle(audacity: Audacity, song: Path, port: int) -> Cycle:
    """Start, import, mark, compare the labels with the daemon's cuts, mark again, preview, quit; raises at a fault."""
    began = [time.monotonic()]

    def took() -> float:
        began.append(time.monotonic())
        return began[-1] - began[-2]

    audacity.start()
    start = took()
    audacity.import_(song)
    seconds = soundfile.info(song).duration
    audacity.select(0, seconds)
    took()
    mark_cuts(audacity)
    mark = took()
    with Client(port) as client:
        cuts = client.analyze([audacity.spool / "selection.au"]).cuts
    (labels,) = audacity.saved_labels()
    assert [time for time, _ in labels] == [cut.time for cut in sorted(cuts, key=lambda cut: cut.time)] and labels
    audacity.select(0, seconds)
    took()
    audacity.do("SegueMarkCuts:")
    again = took()
    audacity.do("SeguePreviewTransition:")
    preview = took()
    assert [track["name"] for track in audacity.tracks()] == [song.stem, "Segue preview"]
    assert audacity.told() == []
    took()
    audacity.quit()
    return Cycle(start, mark, again, preview, took(), len(labels))


def times_to_sound(audacity: Audacity, song: Path, listener: dict[str, str], count: int) -> list[float]:
    """Seconds from the key that presses Preview in the plug-in's window to the first sample that is heard."""
    audacity.start()
    audacity.import_(song)
    audacity.select(0, soundfile.info(song).duration)
    audacity.do("SegueMarkCuts:")
    audacity.open_window(PREVIEW)
    times = []
    for _ in range(count):
        command = ["parec", "-d", f"{SINK}.monitor", "--format=float32le", "--latency-msec=5"]
        with subprocess.Popen(command, env=listener, stdout=subprocess.PIPE) as recorder:
            assert recorder.stdout
            while any(recorder.stdout.read(1 << 16)):  # the end of the one before
                pass
            begin = time.monotonic()
            audacity.xdotool("key", "alt+p")
            while not any(recorder.stdout.read(512)):
                assert time.monotonic() - begin < 20, "no sound"
            times.append(time.monotonic() - begin)
            recorder.terminate()
        wait_for(lambda: len(audacity.windows(PREVIEW)) == 2, "the window that shows how far the preview is")
        wait_for(lambda: len(audacity.windows(PREVIEW)) == 1, "the preview to end")
    audacity.xdotool("key", "Escape")
    audacity.end()
    audacity.quit()
    return times


def main(song: Path, folder: Path, count: int) -> None:
    """Print what the cycles and the previews took."""
    with sound_card(folder) as listener, Audacity(folder) as audacity, daemon(audacity) as port:
        audacity.quit()
        done: list[Cycle] = []
        for number in range(count):
            done.append(cycle(audacity, song, port))
            print(f"cycle {number + 1}: {done[-1]}", flush=True)
        for field in fields(Cycle)[:-1]:
            seconds = [getattr(one, field.name) for one in done]
            print(f"{field.name}: median {np.median(seconds):.2f} s, at most {max(seconds):.2f} s")
        print(f"{len(done)} full cycles in a row, {done[-1].labels} labels each, 0 s off")
        heard = times_to_sound(audacity, song, listener, 6)
        first, rest = heard[0], heard[1:]
        print(f"preview to sound: {first:.2f} s, then median {np.median(rest):.2f} s, at most {max(rest):.2f} s")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("song", nargs="?", type=Path)
    options.add_argument("--cycles", type=int, default=20)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        main(given.song or three_minutes(Path(place) / "song.wav"), Path(place), given.cycles)
