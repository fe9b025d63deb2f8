"""OpenEWLD: lead sheets in the public domain played without drums, at a steady tempo or one that moves.

Simonetta et al., MMSP 2018. The score is the truth: its beats and bars (a beat of 6/8 is three eighths). Sheets are
played over and over until the song is long enough.
"""

import hashlib
import re
import zipfile
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from segue_models.rendering import chamber, lead_sheet, tempo
from segue_models.rendering.batch import rendered
from segue_models.rendering.lead_sheet import Metre
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.rendering.score import Score
from segue_models.track import Track

VERSION = 1
LICENCE = "public domain"
MAX_SECONDS = 75.0
# Sheets used of each metre; the slowest and the fastest tempo of its beat.
METRES = {
    "3/4": (78, 80.0, 190.0), "4/4": (120, 60.0, 180.0), "2/2": (40, 60.0, 115.0), "2/4": (20, 60.0, 140.0),
    "6/8": (20, 45.0, 120.0),
}  # fmt: skip
MOVING = ("3/4", "4/4")  # metres that are also played in a tempo that moves
# Fewer than 16 bars are read of these.
LEFT_OUT = (
    "Alouette", "Didn_t_My_Lord_Deliver_Daniel", "Happy_Birthday_to_You", "I_Believe_I_ll_Dust_My_Broom",
    "I_Heard_the_Bells_on_Christmas_Day", "I_Saw_Three_Ships", "O_Sacred_Head_Now_Wounded", "On_Top_of_Old_Smoky",
    "Pretty_Baby", "Rock_of_Ages", "Simple_Gifts", "The_Battle_Cry_of_Freedom",
    "What_Shall_We_Do_with_a_Drunken_Sailor", "When_You_Were_Sweet_Sixteen", "Yankee_Doodle_Boy", "la_claire_fontaine",
)  # fmt: skip

Rng = np.random.Generator


def _rank(name: str) -> int:
    return int(hashlib.sha256(f"segue openewld {name}".encode()).hexdigest()[:15], 16)


def kind(name: str) -> str:
    """The metre of a song and how its tempo moves."""
    metre, moves, _ = name.split("-")
    return f"{metre.replace('_', '/')} {moves}"


def split(name: str) -> str:
    """`train` (half), `validation` (one in ten) or `test` for a song; a sheet's are all on one side, for ever."""
    return {0: "test", 1: "test", 2: "test", 3: "test", 4: "validation"}.get(_rank(name.split("-")[2]) % 10, "train")


@lru_cache(maxsize=1)
def sheets(archive: Path) -> dict[str, tuple[str, str]]:
    """Path in the archive and first time signature of each sheet, by a name of plain letters, in fixed random order."""
    found = {}
    with zipfile.ZipFile(archive) as z:
        for path in z.namelist():
            signature = re.search(rb"<beats>(\d+)</beats>\s*<beat-type>(\d+)<", lead_sheet.text(z.read(path)))
            name = re.sub(r"[\W_]+", "_", path.split("/")[1], flags=re.ASCII).strip("_")
            if signature and name not in LEFT_OUT:
                found[name] = path, b"/".join(signature.groups()).decode()
    return dict(sorted(found.items(), key=lambda item: _rank(item[0])))


def chosen(archive: Path) -> list[str]:
    """The names of the songs: each sheet in a steady tempo, most again in one that moves."""
    left, out = {metre: count for metre, (count, *_) in METRES.items()}, []
    for name, (_, metre) in sheets(archive).items():
        if left.get(metre, 0) > 0:
            left[metre] -= 1
            moves = tempo.KINDS[1 + _rank(name) // 10 % 3]
            out += [f"{metre.replace('/', '_')}-{k}-{name}" for k in ("constant", moves)[: 1 + (metre in MOVING)]]
    return out


def score(archive: Path, sheet: str) -> tuple[Score, Metre]:
    """The score of a sheet in quarter notes, and its metre."""
    with zipfile.ZipFile(archive) as z:
        read, signature = lead_sheet.read(z.read(sheets(archive)[sheet][0]))
    return read, Metre.of(*signature)


def played(score: Score, quarters: float, bpm: float, moves: str, max_seconds: float, rng: Rng) -> Score:
    """A score in quarter notes, over and over up to `max_seconds`, at `bpm` beats of `quarters` a minute, bent."""
    score = lead_sheet.repeated(score, round(max_seconds * bpm / 60 * quarters))
    first, silence = score.grid.times[0], float(rng.uniform(0.1, 1.5))
    score = score.retimed(lambda t: silence + (t - first) * 60 / bpm / quarters, int(rng.integers(-5, 7)))
    grid = tempo.bent(score.grid, moves, rng)
    before = score.grid

    def to(times: Floats) -> Floats:
        return grid.seconds(before.phase(times))

    count = int(np.searchsorted(grid.times, max_seconds - 2.0))
    return score.retimed(to).excerpt(0, count)


def make(archive: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song: the same for the same name, always."""
    metre, moves, sheet = name.split("-")
    rng = np.random.default_rng(_rank(name))
    read, of = score(archive, sheet)
    _, slowest, fastest = METRES[metre.replace("_", "/")]
    bpm = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
    song = played(read, of.quarters, bpm, moves, max_seconds, rng)
    track = Track(
        name=name, corpus="openewld", artist=sheets(archive)[sheet][0].split("/")[0], licence=LICENCE, audio=Path(),
        lead=np.empty((0, 2)), grid=song.grid, trainable=True,
    )  # fmt: skip
    strong = (0,) if of.beats == 3 else (0, 2) if of.beats == 4 else (0, 1)
    return track, chamber.play(song, of.parts, strong, rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """All songs, rendered into `cache` where missing."""
    archive = root / "openewld" / "openewld_mxl.zip"
    return rendered(partial(make, archive, MAX_SECONDS), chosen(archive), cache / "openewld", VERSION, jobs, "OpenEWLD")
