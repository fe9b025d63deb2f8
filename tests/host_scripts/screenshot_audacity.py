"""Draws the picture of the README: `python screenshot_audacity.py SONG [PICTURE]`, Audacity with a song marked.

SONG is marked by the real daemon and model. Needs ImageMagick's `import` and `convert` besides what the tests need.
"""

import sys
import tempfile
import time
from pathlib import Path

import soundfile

import display
from audacity_session import Audacity
from measure_audacity import daemon

SIZE = (1600, 640)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "audacity.png"


def main(song: Path, picture: Path) -> None:
    """Mark the song and save the window as a picture."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sound, rate = soundfile.read(song, always_2d=True)
        track = folder / f"{song.parent.name if song.stem == 'audio' else song.stem}.wav"
        soundfile.write(track, sound * (0.9 / abs(sound).max()), rate)
        with Audacity(folder, f"{SIZE[0]}x{SIZE[1]}") as audacity, daemon(audacity):
            audacity.import_(track)
            window = audacity.windows(track.stem)[-1]
            audacity.xdotool("windowmove", window, "0", "0", "windowsize", window, *map(str, SIZE))
            audacity.select(0, len(sound) / rate)
            audacity.do("SegueMarkCuts:")
            for number, height in enumerate((160, 266)):  # of the song, of the labels
                audacity.select(0, 0, number)
                audacity.do(f"SetTrackVisuals: Height={height}")
            audacity.do("SelectNone:")
            audacity.xdotool("mousemove", "800", "600")
            audacity.do("FitInWindow:")
            time.sleep(2)  # waveforms are drawn late
            display.shoot(audacity.environment, audacity.folder, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else PICTURE)
