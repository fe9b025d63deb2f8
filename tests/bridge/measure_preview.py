"""From the ask to the file: `python measure_preview.py`. Songs of six minutes, stereo, analysed and hashed before.

Each join is asked for once; a second ask for the same one is the last column.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from segue_bridge import demo, preview

Floats = NDArray[np.float64]

SECONDS = 360
BEATS = [float(time) for time in np.arange(0.35, SECONDS, 60 / 122)]
FORMATS = (("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16"), ("mp3", "MPEG_LAYER_III"), ("ogg", "VORBIS"))


def write(path: Path, rate: int, subtype: str | None) -> Path:
    """The demo's song again and again, in the format of the ending."""
    sound, own = soundfile.read(str(demo.SONG), dtype="float32", always_2d=True)
    whole = np.resize(soxr.resample(sound, own, rate), (SECONDS * rate, 2))
    with soundfile.SoundFile(path, "w", rate, 2, subtype) as file:
        for block in np.array_split(whole, SECONDS):  # the Vorbis encoder of libsndfile cannot take all at once
            file.write(block)
    return path


def ask(song: Path, leave: float, enter: float) -> tuple[float, float]:
    """Milliseconds of wall and of CPU of one preview."""
    wall, cpu = time.perf_counter(), time.process_time()
    preview.make((song,), leave, enter, BEATS, 0.0, 0.0)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def measure(song: Path, joins: int = 20) -> tuple[Floats, float]:
    """(joins, 2) milliseconds of joins all over the song, and those of the last one asked for again."""
    places = np.random.default_rng(0).uniform(5, SECONDS - 5, (joins + 1, 2))  # the first only warms up
    took = [ask(song, *map(float, place)) for place in places]
    return np.array(took[1:]), ask(song, *map(float, places[-1]))[0]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        os.environ["SEGUE_CACHE"] = cache
        made = {
            f"{ending} {subtype}, {rate} Hz": write(Path(folder) / f"{rate}{subtype}.{ending}", rate, subtype)
            for rate in (44100, 48000)
            for ending, subtype in FORMATS
        }
        time.sleep(2.1)  # the hash of a file written just now is not kept
        print(f"{'milliseconds':28} median   worst   worst of CPU   again")
        for label, song in made.items():
            took, again = measure(song)
            wall, cpu = took.T
            print(f"{label:28} {np.median(wall):6.0f} {wall.max():7.0f} {cpu.max():14.0f} {again:7.1f}")


if __name__ == "__main__":
    main()
