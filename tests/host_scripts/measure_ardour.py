"""How long it takes in the real Ardour from the action to the last marker, and to the sound of a preview.

`python measure_ardour.py [SONG]`; with `--cycles 20` before it: how often all that a user does goes well in a row.
Nothing is scripted here: the action starts the daemon, which analyses the song with the shipped model.
"""

import argparse
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

from ardour_session import Ardour, free_port, wait_for
from marking import CLEAR, KEEP, MARK, NEXT, cleared, ended
from segue_bridge.client import Client

ROLLING = "return tostring (Session:transport_rolling ())"


@dataclass(frozen=True)
class Measured:
    """Seconds from the action to the last marker or to the sound, and how many markers there were."""

    first: float  # the daemon is not running yet and has never seen the song
    new: float  # the daemon runs, the song is new to it
    cached: float  # the daemon has analysed the song before
    preview: tuple[float, ...]  # of each transition that was not heard before, but for the first, which makes the track
    markers: int
    samples_off: int  # the largest distance of a saved marker from the time that the daemon gives another client

    def __str__(self) -> str:
        return (
            f"{self.markers} markers, {self.samples_off} samples off; new song {self.new:.2f} s, "
            f"with the daemon's start {self.first:.2f} s, cached {self.cached:.2f} s; request to sound "
            f"{np.median(self.preview) * 1000:.0f} ms, at most {max(self.preview) * 1000:.0f} ms"
        )


def three_minutes(path: Path) -> Path:
    """The demo's song, again and again, as a stereo WAV of 180 s."""
    sound, rate = soundfile.read(str(files("segue_bridge") / "demo" / "song.ogg"), always_2d=True)
    soundfile.write(path, np.resize(sound, (180 * rate, sound.shape[1])), rate)
    return path


def measure(song: Path, folder: Path) -> Measured:
    """Mark the song, and a copy that the daemon does not know, in an Ardour of their own below `folder`."""
    sound, rate = soundfile.read(song, always_2d=True)
    soundfile.write(folder / "first.wav", sound, rate)
    soundfile.write(folder / "new.wav", sound * 0.98, rate)
    with Ardour(folder, free_port(), rate) as ardour:
        try:
            for name in ("first", "new"):
                ardour.bring_in(folder / f"{name}.wav", embed=True)
            first, new, cached = (time_of(ardour, name) for name in ("first", "new", "first"))
            heard = []
            for _ in range(6):
                heard.append(time_to_sound(ardour))
                ardour.trigger("Transport/Stop")
                ended(ardour)
            markers = sorted(position for _, position in ardour.saved_marks())
            with Client(ardour.daemon_port) as client:
                cuts = client.analyze([folder / "first.wav"]).cuts
            told = sorted(round(Fraction(cut.time) * rate) for cut in cuts)
            off = max(abs(a - b) for a, b in zip(markers, told, strict=True))
            return Measured(first, new, cached, tuple(heard[1:]), len(markers), off)
        finally:
            stop_daemon(ardour)


def time_of(ardour: Ardour, region: str) -> float:
    """Seconds until the action has marked the region; AssertionError with its message where it fails."""
    ardour.lua(
        "local all, L = {}, Session:locations () for l in L:list ():iter () do all[#all + 1] = l end "
        "for _, l in ipairs (all) do if l:is_mark () then L:remove (l) end end"
    )
    ardour.select(region)
    begin = time.monotonic()
    ardour.action(MARK)
    said = wait_for(lambda: ardour.messages() or ardour.markers(), "markers", 240)
    assert isinstance(said, dict), said
    return time.monotonic() - begin


def time_to_sound(ardour: Ardour) -> float:
    """Seconds until the next transition is heard; AssertionError with the action's message where it fails."""
    begin = time.monotonic()
    ardour.action(NEXT)
    said = wait_for(lambda: ardour.messages() or ardour.lua(ROLLING) == "true", "the preview")
    took = time.monotonic() - begin
    assert said is True, said
    return took


def cycles(song: Path, folder: Path, count: int) -> int:
    """How many times in a row Ardour starts, marks, previews, keeps, clears, saves and quits, up to `count`."""
    with Ardour(folder, free_port(), soundfile.info(song).samplerate) as ardour:
        ardour.bring_in(song, embed=True)
        try:
            for done in range(count):
                if done:
                    ardour.start()
                took = time_of(ardour, song.stem), time_to_sound(ardour)
                ended(ardour)
                ardour.action(KEEP)
                kept = wait_for(lambda: [name for name in ardour.markers() if name.endswith("✓")], "the kept")
                ardour.action(CLEAR)
                cleared(ardour)
                assert len(kept) == 2 and dict(ardour.saved_marks()).keys() == set(kept), ardour.saved_marks()
                ardour.quit()
                print(f"cycle {done + 1}: marked in {took[0]:.2f} s, heard in {took[1]:.2f} s", flush=True)
        finally:
            stop_daemon(ardour)
    return count


def stop_daemon(ardour: Ardour) -> None:
    """End the daemon that the action started."""
    alive = ardour.spool / "daemon.alive"
    if alive.exists():
        os.kill(int(alive.read_text().split()[0]), signal.SIGTERM)
        wait_for(lambda: not alive.exists(), "the daemon to end")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("song", nargs="?", type=Path)
    options.add_argument("--cycles", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        song = given.song or three_minutes(folder / "song.wav")
        if given.cycles:
            print(f"{cycles(song, folder, given.cycles)} full cycles in a row")
        else:
            print(measure(song, folder))
