"""Ballroom beats and bars (Krebs, Böck, Widmer 2013): one `.beats` file a song, time and beat of the bar."""

import zipfile
from pathlib import Path

from segue_models.annotations import beats
from segue_models.signal.frames import BeatGrid

# The same recording under a second name (Sturm 2014, as the data set's read-me lists them): each kept once.
REPLICAS = {
    "Albums-Chrisanne2-12": "Albums-AnaBelen_Veneo-11",
    "Albums-Fire-09": "Albums-Fire-08",
    "Albums-Latin_Jam2-13": "Albums-Latin_Jam2-05",
    "Media-104705": "Albums-Secret_Garden-01",
    "Albums-AnaBelen_Veneo-15": "Albums-AnaBelen_Veneo-03",
    "Albums-Ballroom_Magic-18": "Albums-Ballroom_Magic-03",
    "Albums-Latin_Jam-13": "Albums-Latin_Jam-04",
    "Albums-Latin_Jam-14": "Albums-Latin_Jam-08",
    "Albums-Latin_Jam-15": "Albums-Latin_Jam-06",
    "Albums-Latin_Jam2-14": "Albums-Latin_Jam2-02",
    "Albums-Latin_Jam2-15": "Albums-Latin_Jam2-07",
    "Media-103414": "Albums-Latin_Jam3-02",
    "Media-103415": "Media-103402",
}


def grids(archive: Path) -> dict[str, BeatGrid]:
    """The beats of the 685 different songs, by the name of the recording."""
    with zipfile.ZipFile(archive) as z:
        names = [n.removesuffix(".beats") for n in z.namelist() if n.endswith(".beats")]
        return {n: beats(z.read(f"{n}.beats").decode()) for n in names if n not in REPLICAS}
