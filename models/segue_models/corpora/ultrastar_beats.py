"""UltraStar songs whose file's tempo is the true one: real songs with known beats, for evaluation only.

A file counts time in units of 15 / BPM seconds. In five of the eleven songs the sung notes keep to every fourth of
them, and the onsets of the recording have exactly that tempo from the first note to the last; eight units are a beat.
In the others the tempo was tapped or made up, or the bass and the other onsets do not agree where the beat is.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from segue_models.corpora import ultrastar
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

BEAT_UNITS = 8
# The unit on which a beat lies, and by how many seconds the file is early: of the onsets on the beats, found once.
PLACES = {
    "Jonathan Coulton - A Talk with George": (0, 0.035), "Jonathan Coulton - Chiron Beta Prime": (4, 0.03),
    "Jonathan Coulton - Flickr": (0, 0.015), "Jonathan Coulton - Monkey Shines": (0, 0.0),
    "Jonathan Coulton - That Spells DNA": (4, 0.03),
}  # fmt: skip


def split(name: str) -> str:
    """Always `test`: nothing is trained on these songs."""
    return "test"


def unit(file: Path) -> tuple[float, float]:
    """Seconds at which the units of a song.txt begin, and seconds of one. Raises ValueError where it does not say."""
    text = file.read_text(encoding="utf-8", errors="replace")
    said = [re.search(rf"#{key}:([\d.,]+)", text) for key in ("GAP", "BPM")]
    if None in said:
        raise ValueError(f"{file} does not say its GAP and BPM")
    gap, bpm = (float(found[1].replace(",", ".")) for found in said if found)
    return gap / 1000, 15 / bpm


def beats(root: Path, song: str) -> BeatGrid:
    """The beats of a song from its first sung note to its last; their places in the bar are not known (0)."""
    place, late = PLACES[song]
    begin, step = unit(root / "ultrastar_cc" / song / "song.txt")
    notes = ultrastar.sung(root, song)
    first, last = (
        int(np.ceil((t - begin) / step / BEAT_UNITS - place / BEAT_UNITS)) for t in (notes[0, 0], notes[-1, 1])
    )
    units = place + BEAT_UNITS * np.arange(first, last, dtype=np.float64)
    times = begin + late + units * step
    return BeatGrid(times, np.zeros(len(times), dtype=np.int64))


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The five songs, with their beats."""
    known = {track.name: track for track in ultrastar.tracks(root, cache, jobs)}
    return [replace(known[song], corpus="ultrastar_beats", grid=beats(root, song)) for song in PLACES]
