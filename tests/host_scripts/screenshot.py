"""Draws the picture of the README: `python screenshot.py SONG [PICTURE]`, Ardour's window with a song marked.

SONG is marked by the real daemon and model. Needs ImageMagick's `import` and `convert` besides what the tests need.
"""

import sys
import tempfile
import time
from pathlib import Path

import soundfile

import display
from ardour_session import Ardour, free_port
from measure_ardour import stop_daemon, time_of

SIZE = (1600, 640)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "ardour.png"
# Minutes instead of the session's bars, which are not the song's.
TOGGLED = ("minsec", "bbt", "timecode", "tempo", "meter", "range", "loop-punch", "cd-marker", "cue-marker")
TIDY = """
for route in Session:get_routes ():iter () do
  local view = Editor:rtav_from_route (route):to_timeaxisview ()
  view:set_height (route:is_master () and 26 or 440, 0, false)
end
"""


def main(song: Path, picture: Path) -> None:
    """Mark the song and save the window as a picture."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sound, rate = soundfile.read(song, always_2d=True)
        track = folder / f"{song.parent.name if song.stem == 'audio' else song.stem}.wav"
        soundfile.write(track, sound * (0.9 / abs(sound).max()), rate)
        with Ardour(folder, free_port(), rate, f"{SIZE[0]}x{SIZE[1]}") as ardour:
            try:
                window = ardour.xdotool("search", "--onlyvisible", "--name", "Ardour").split()[-1]
                ardour.xdotool("windowmove", window, "0", "0", "windowsize", window, *map(str, SIZE))
                ardour.bring_in(track, embed=True)
                for ruler in TOGGLED:
                    ardour.trigger(f"Rulers/toggle-{ruler}-ruler")
                for action in (
                    "Snap/grid-type-none",
                    "Editor/show-marker-lines",
                    "Editor/ToggleSummary",
                    "Editor/zoom-to-extents",
                ):
                    ardour.trigger(action)
                ardour.lua(TIDY)
                print(f"marked in {time_of(ardour, track.stem):.1f} s")
                ardour.lua("Editor:get_selection ():clear_all ()")
                ardour.trigger("Editor/zoom-to-extents")
                time.sleep(2)  # waveforms are drawn late
                display.shoot(ardour.environment, ardour.folder, picture)
            finally:
                stop_daemon(ardour)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else PICTURE)
