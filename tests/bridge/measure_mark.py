"""What `segue mark` costs as a whole process that knows nothing yet: `python measure_mark.py [SONG]`.

Without SONG: six minutes of the demo's song as stereo WAV.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from segue_bridge import demo


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of the process, and its largest resident set in MB."""

    seconds: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.cpu:.1f} s of CPU), {self.megabytes:.0f} MB"


def six_minutes(path: Path) -> Path:
    """The demo's song, again and again, as a stereo WAV of 360 s."""
    sound, rate = soundfile.read(str(demo.SONG), always_2d=True)
    soundfile.write(path, np.resize(sound, (360 * rate, sound.shape[1])), rate)
    return path


def measure(song: Path, folder: Path) -> Cost:
    """Mark the song with an empty cache; all scores are written as JSON to `folder`."""
    command = [sys.executable, "-m", "segue_bridge", "mark", str(song), "--top", "100000", "--min-score", "0"]
    environment = {**os.environ, "SEGUE_CACHE": str(folder / "empty cache")}
    start = time.monotonic()
    running = subprocess.Popen([*command, "-o", str(folder / "cuts.json")], env=environment)
    _, status, used = os.wait4(running.pid, 0)
    seconds = time.monotonic() - start
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, "segue mark failed"
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kB elsewhere
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        known = Path(sys.argv[1]) if len(sys.argv) > 1 else six_minutes(Path(name) / "song.wav")
        print(measure(known, Path(name)))
