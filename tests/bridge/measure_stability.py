"""How much of what is shown stays when a song is stored otherwise: `python measure_stability.py SONG...`.

A cut stays where one of its kind is shown within 20 ms of it. Without SONG: the demo's song. Regions that hold the song
are cut from a file in which ten seconds of another song come before and behind it.
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
PART_S = (10.0, 70.0)
AROUND_S = 10.0  # of another song
ENDS_S = {"exactly": (0.0, 0.0), "a bit more": (0.2137, 0.3), "a bit less": (-0.2137, -0.3)}  # more at either end
TITLE = (
    f"Share of shown cuts (exits and entries) that stay within {NEAR_S * 1000:.0f} ms when the song is stored otherwise"
)
Stored = tuple[str, Region, float]  # a way to store it, where it lies, seconds by which it is later


def stored(samples: np.ndarray, rate: int, folder: Path) -> Iterator[Stored]:
    """The same song (n, channels) stored in other ways, one after the other."""
    yield from _silent_or_scaled(samples, rate, folder)
    yield from _coded(samples, rate, folder)
    yield from _held(samples, rate, folder)


def _write(path: Path, sound: np.ndarray, hz: int) -> Region:
    soundfile.write(path, sound, hz, subtype="PCM_24")
    return Region((path,))


def _silent_or_scaled(samples: np.ndarray, rate: int, folder: Path) -> Iterator[Stored]:
    """Silence around it, another level, another rate."""

    def silence(seconds: float, floor_db: float | None = None) -> np.ndarray:
        shape = (round(seconds * rate), samples.shape[1])
        return np.zeros(shape) if floor_db is None else np.random.default_rng(0).normal(0, 10 ** (floor_db / 20), shape)

    def wav(name: str, sound: np.ndarray, hz: int = rate) -> Region:
        return _write(folder / f"{name}.wav", sound, hz)

    for seconds in (1.0, 0.3337, 20.0):
        yield f"{seconds:g} s in front", wav("front", np.concatenate([silence(seconds), samples])), seconds
    yield "20 s behind", wav("behind", np.concatenate([samples, silence(20.0)])), 0.0
    noisy = np.concatenate([silence(5.0, -80), samples, silence(20.0, -80)])
    yield "-80 dB around", wav("around", noisy), 5.0
    yield "-12 dB", wav("quiet", samples * 10 ** (-12 / 20)), 0.0
    yield "48 kHz", wav("fast", soxr.resample(samples, rate, 48_000), 48_000), 0.0


def _coded(samples: np.ndarray, rate: int, folder: Path) -> Iterator[Stored]:
    """Lossy codecs; what an encoder puts before the song, decoders take away by its tag."""
    with soundfile.SoundFile(folder / "q6.ogg", "w", rate, samples.shape[1], compression_level=0.4) as file:
        for first in range(0, len(samples), rate):  # of more at once libsndfile overflows its stack
            file.write(samples[first : first + rate])
    yield "Vorbis q6", Region((folder / "q6.ogg",)), 0.0
    soundfile.write(
        folder / "v2.mp3", samples, rate, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE", compression_level=0.2
    )
    yield "MP3 V2", Region((folder / "v2.mp3",)), 0.0


def _held(samples: np.ndarray, rate: int, folder: Path) -> Iterator[Stored]:
    """Regions that hold the song, of a file in which another one surrounds it."""
    other = soxr.resample(*_first_channel(demo.SONG), rate)
    length = round(AROUND_S * rate)
    sound = 0.5 * np.repeat(other[length : 3 * length, None], samples.shape[1], axis=1)
    whole = _write(folder / "held.wav", np.concatenate([sound[:length], samples, sound[length:]]), rate)
    for name, (before, behind) in ENDS_S.items():
        seconds = len(samples) / rate + before + behind
        yield f"held {name}", Region(whole.paths, AROUND_S - before, seconds), AROUND_S


def _first_channel(song: Path) -> tuple[np.ndarray, int]:
    """Samples (n,) and their rate."""
    sound, rate = soundfile.read(str(song), always_2d=True)
    return sound[:, 0], rate


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
        for way, region, later in stored(samples, rate, Path(name)):
            out[way] = stay(shown, mark(region), later)
        start, end = PART_S
        inside = [c for c in shown if start <= c.time <= end]
        out["only 10-70 s"] = stay(inside, mark(Region((whole,), start, min(end, len(samples) / rate) - start)))
    return out


def main(songs: list[Path]) -> None:
    """Print a line a song, and the shares of all cuts together."""
    print(TITLE)
    together: dict[str, list[bool]] = {}
    for song in songs:
        found = measure(song, lambda region: analyse(region, Options()).cuts)
        if not together:
            print(" " * 31, *(f"{way:>17}" for way in found))
        name = f"{song.parent.name[-15:]}/{song.stem[:14]}"
        print(f"{name:31}", *(f"{sum(stays):13d}/{len(stays):3d}" for stays in found.values()))
        for way, stays in found.items():
            together.setdefault(way, []).extend(stays)
        sys.stdout.flush()
    print(f"{'all':31}", *(f"{np.mean(stays):17.0%}" for stays in together.values()))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [demo.SONG])
