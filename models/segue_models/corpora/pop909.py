"""POP909 rendered: 244 songs with exact ground truth, their melody sung or played.

Scores: Wang et al., ISMIR 2020; phrases: Dai, Zhang and Dannenberg 2020; drums: Gillick et al., ICML 2019.
MIT covers the transcriptions; the compositions are not ours, so the renders stay in the cache and are not published.
"""

import hashlib
from collections.abc import Collection, Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from segue_models.rendering import score as scores
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.production import MAX_SECONDS, excerpted, produce
from segue_models.rendering.singers import singer_for
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

VERSION = 1  # raise it when the renders change: older ones are then made anew
LICENCE = "MIT (transcription); research use"
SLOWEST_BPM = 80.0
TEST, VALIDATION, TRAIN = 44, 22, 178


def _rank(song: str) -> str:
    return hashlib.sha256(f"segue pop909 {song}".encode()).hexdigest()


@lru_cache(maxsize=1)
def _splits() -> dict[str, str]:
    # Ranked over all 909 numbers, so that the split needs no data and never moves.
    ranked = sorted((f"{n:03d}" for n in range(1, 910)), key=_rank)
    turn = {0: "test", 5: "test", 8: "validation"}
    return {song: turn.get(i % 11, "train") for i, song in enumerate(ranked)}


def split(name: str) -> str:
    """`train`, `validation` or `test` for a track name (pop909-001) or song number; fixed for ever by the number."""
    return _splits()[name.removeprefix("pop909-")]


def chosen(root: Path) -> list[str]:
    """The 244 song numbers rendered: 44 test, 22 validation, 178 training, in an order that mixes the three."""
    return picked(root, {"test": TEST, "validation": VALIDATION, "train": TRAIN})


def picked(root: Path, counts: Mapping[str, int]) -> list[str]:
    """The first song numbers of each part, as many as `counts` says, in an order that mixes the parts."""
    left, out = dict(counts), []
    for song in sorted(scores.songs(root / "pop909"), key=_rank):
        if left.get(split(song), 0) > 0:
            left[split(song)] -= 1
            out.append(song)
    return out


def felt(grid: BeatGrid) -> BeatGrid:
    """The grid with twice the beats where they are slower than 80 BPM, as listeners and trackers would tap them.

    Rests are counted in beats: on the slow beats of a ballad a singer's breath would never be long enough to be one.
    """
    if grid.tempo_bpm >= SLOWEST_BPM:
        return grid
    count = 2 * len(grid.times) - 1
    first = (2 * (grid.positions[0] - 1)) % grid.beats_per_bar
    positions = (first + np.arange(count)) % grid.beats_per_bar + 1
    return BeatGrid(grid.seconds(np.arange(count) / 2), positions, grid.beats_per_bar)


def make(root: Path, cache: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """Renders one song: the same audio for the same name, always."""
    song = name.removeprefix("pop909-")
    rng = np.random.default_rng(int(_rank(song)[:15], 16))
    score = excerpted(scores.read(root / "pop909", song), rng, max_seconds)
    voice, recordings = singer_for(root, cache, rng)
    made = produce(score, voice, root / "groove_midi" / "groove_midi.zip", rng)
    track = Track(
        name=name, corpus="pop909", artist=name, licence=LICENCE, audio=Path(), lead=made.lead,
        grid=felt(score.grid), sections=score.sections, section_labels=score.labels, trainable=True,
        voices=recordings, onsets=made.onsets,
    )  # fmt: skip
    return track, made.audio


def tracks(root: Path, cache: Path, jobs: int = 1, only: Collection[str] | None = None) -> list[Track]:
    """All 244 songs, or `only` those of some numbers; what is missing is rendered.

    root: folder of data sets; cache: where renders are kept.
    """
    names = [f"pop909-{song}" for song in chosen(root) if only is None or song in only]
    return rendered(partial(make, root, cache, MAX_SECONDS), names, cache / "pop909", VERSION, jobs, "POP909")
