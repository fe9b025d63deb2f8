"""The beats of sixteen data sets as collected for Beat This (Foscarin, Schlüter, Widmer 2024)."""

import json
import zipfile
from pathlib import Path

from segue_models.annotations import beats
from segue_models.signal.frames import BeatGrid

FAULTY = ("rwc",)  # some files were converted wrongly, say its authors; 27 count a bar as 1 1 2 2 or 1 3 1 3


def data_sets(archive: Path) -> dict[str, bool]:
    """The names of the data sets, and whether their downbeats are annotated."""
    with zipfile.ZipFile(archive) as z:
        infos = sorted(n for n in z.namelist() if n.endswith("/info.json"))
        return {n.split("/")[0]: bool(json.loads(z.read(n))["has_downbeats"]) for n in infos}


def grids(archive: Path, data_set: str) -> dict[str, BeatGrid]:
    """The beats of a data set by song; place 0 where no downbeats are annotated (all of simac and smc, 6 of gtzan).

    A song without a beat (Revolution 9 of the Beatles) is not among them.
    """
    out = {}
    with zipfile.ZipFile(archive) as z:
        for path in z.namelist():
            if path.startswith(f"{data_set}/") and path.endswith(".beats"):
                text = z.read(path).decode()
                if len(text.split("\n", 2)) > 2:
                    out[Path(path).stem] = beats(text)
    return out
