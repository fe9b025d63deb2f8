"""Everything is Free: five CC0 songs with real singers, mixed from their stems; cuts from the vocal stem.

The lead is taken from the vocal stem itself, without its reverberation tails (`lead`); the published -35 dB activity,
which includes them, is `lead_csv`. The stem adds up lead, echoes and choirs: where it sounds for more than 32 beats
without a rest (`unphrased_spans`), as in most of Sodium, its phrases are not known.
"""

from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf

from segue_models.cuts import cut_rule
from segue_models.rendering.activity import activity
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.signal.frames import BeatGrid, grid_from_downbeats
from segue_models.track import Track

VERSION = 2
ARTIST, LICENCE = "Software-Entwicklungskit", "CC0 1.0"
SONGS = ("1_hydrogen", "3_sodium", "4_potassium", "5_rubidium", "7_francium")
SUNG = tuple(s for s in SONGS if s != "3_sodium")  # those with phrases to enter at


def stems(root: Path, song: str) -> dict[str, Samples]:
    """The stems of a song by name (vocals, drums, bass, other), mono 44.1 kHz, all of one length."""
    folder = root / "evr_cc0_stems" / "audio"
    paths = sorted(folder.glob(f"{song}_*.ogg"))
    if not paths:
        raise FileNotFoundError(f"No stems of {song} in {folder}: unpack the data set evr_cc0_stems there.")
    found = {p.stem.removeprefix(f"{song}_"): sf.read(p, dtype="float32")[0] for p in paths}
    length = max(len(a) for a in found.values())
    return {name: np.pad(a, (0, length - len(a))) for name, a in found.items()}


def grid(root: Path, song: str) -> BeatGrid:
    """The published beats of a song."""
    table = np.loadtxt(root / "evr_cc0_stems" / "annotations" / f"{song}.beats")
    return grid_from_downbeats(table[:, 0].tolist(), table[:, 1].astype(int).tolist())


def lead(root: Path, song: str) -> Floats:
    """Sung intervals (n, 2) of a song, from its vocal stem without reverberation tails."""
    audio, _ = sf.read(root / "evr_cc0_stems" / "audio" / f"{song}_vocals.ogg", dtype="float32")
    return activity(audio)


def lead_csv(root: Path, song: str) -> Floats:
    """The data set's own vocal activity (n, 2): above -35 dB of the peak, reverberation tails included."""
    path = root / "evr_cc0_stems" / "annotations" / f"{song}.vocals.csv"
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def make(root: Path, song: str) -> tuple[Track, Samples]:
    """One song as its stems add up."""
    parts = stems(root, song)
    audio = np.sum(list(parts.values()), axis=0)
    sung, beats = activity(parts["vocals"]), grid(root, song)
    track = Track(
        name=song,
        corpus="evr",
        artist=ARTIST,
        licence=LICENCE,
        audio=Path(),
        lead=sung,
        grid=beats,
        trainable=True,
        voices=(song,),
        unphrased_spans=cut_rule.unphrased_spans(sung, beats),
    )
    return track, (audio * min(1.0, 0.97 / np.abs(audio).max())).astype(np.float32)


def excerpt_grid(whole: BeatGrid, start: float, end: float) -> BeatGrid:
    """The beats from `start` to `end` seconds, with `start` as the new 0."""
    keep = (whole.times >= start - 1e-6) & (whole.times < end)
    return BeatGrid(whole.times[keep] - start, whole.positions[keep], whole.beats_per_bar)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The five songs; the mixtures are written to `cache` once."""
    return rendered(partial(make, root), SONGS, cache / "evr", VERSION, jobs, "EVR")
