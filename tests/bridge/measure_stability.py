"""How much of what is shown stays when a song is stored otherwise: `python measure_stability.py SONG...`.

A cut stays where one of its kind is shown within 20 ms of it. Without SONG: the demo's song.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from segue_bridge import demo
from segue_bridge.analysis import analyse
from segue_bridge.result import Cut, Options, Region

NEAR_S = 0.02
REGION_S = (10.0, 70.0)
Stored = tuple[str, Path, float]  # a way to store it, the file, seconds by which it is later


def stored(samples: np.ndarray, rate: int, folder: Path) -> Iterator[Stored]:
    """The same song (n, channels) stored in other ways, one after the other."""

    def silence(seconds: float, floor_db: float | None = None) -> np.ndarray:
        shape = (round(seconds * rate), samples.shape[1])
        return np.zeros(shape) if floor_db is None else np.random.default_rng(0).normal(0, 10 ** (floor_db / 20), shape)

    def wav(name: str, sound: np.ndarray, hz: int = rate) -> Path:
        soundfile.write(folder / f"{name}.wav", sound, hz, subtype="PCM_24")
        return folder / f"{name}.wav"

    for seconds in (1.0, 0.3337, 20.0):
        yield f"{seconds:g} s in front", wav("front", np.concatenate([silence(seconds), samples])), seconds
    yield "20 s behind", wav("behind", np.concatenate([samples, silence(20.0)])), 0.0
    noisy = np.concatenate([silence(5.0, -80), samples, silence(20.0, -80)])
    yield "-80 dB around", wav("around", noisy), 5.0
    yield "-12 dB", wav("quiet", samples * 10 ** (-12 / 20)), 0.0
    with soundfile.SoundFile(folder / "q6.ogg", "w", rate, samples.shape[1], compression_level=0.4) as file:
        for first in range(0, len(samples), rate):  # of more at once libsndfile overflows its stack
            file.write(samples[first : first + rate])
    yield "Vorbis q6", folder / "q6.ogg", 0.0
    yield "48 kHz", wav("fast", soxr.resample(samples, rate, 48_000), 48_000), 0.0


def stay(shown: list[Cut], others: list[Cut], later: float = 0.0) -> list[bool]:
    """Whether each cut is among the others, which are `later` seconds later."""
    return [any(c.kind == o.kind and abs(c.time + later - o.time) <= NEAR_S for o in others) for c in shown]


def measure(song: Path, mark: Callable[[Region], list[Cut]]) -> dict[str, list[bool]]:
    """Whether each cut shown of a song stays, by the way it is stored."""
    samples, rate = soundfile.read(str(song), always_2d=True)
    out = {}
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "whole.wav"
        soundfile.write(whole, samples, rate, subtype="PCM_24")
        shown = mark(Region((whole,)))
        for way, path, later in stored(samples, rate, Path(name)):
            out[way] = stay(shown, mark(Region((path,))), later)
        start, end = REGION_S
        inside = [c for c in shown if start <= c.time <= end]
        out["10 s to 70 s"] = stay(inside, mark(Region((whole,), start, min(end, len(samples) / rate) - start)))
    return out


def main(songs: list[Path]) -> None:
    """Print a line a song, and the shares of all cuts together."""
    together: dict[str, list[bool]] = {}
    for song in songs:
        found = measure(song, lambda region: analyse(region, Options()).cuts)
        if not together:
            print(" " * 31, *(f"{way:>15}" for way in found))
        name = f"{song.parent.name[-15:]}/{song.stem[:14]}"
        print(f"{name:31}", *(f"{sum(stays):11d}/{len(stays):3d}" for stays in found.values()))
        for way, stays in found.items():
            together.setdefault(way, []).extend(stays)
        sys.stdout.flush()
    print(f"{'all':31}", *(f"{np.mean(stays):15.0%}" for stays in together.values()))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [demo.SONG])
