"""A song as a training example: the features that serving computes, with labels from the cut rule. No torch here."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models import audio, beat_align, beats, cuts, loudness, onsets
from segue_models.corpora import Track, cut_rule
from segue_models.frames import BeatGrid
from segue_models.frontend import listen
from segue_models.training.cache import Arrays, kept

VERSION = "4"  # raise when the front end or the labels change: cached examples are then made anew
ROLES = ("entry", "exit")


@dataclass(frozen=True)
class Example:
    """Features and labels of one song.

    features: (cells, bands) log gammatone, float16, not normalised; onset_cells: (onsets,) row of `features` that an
    onset opens; onset_times: (onsets,) seconds; labels: (onsets, 2) entry and exit; near_boundary: (onsets,) inside
    the candidate window of an annotated section boundary (specs 1.2), and boundary: its index or -1;
    on_downbeat: (onsets,) within 70 ms of an annotated (else tracked) downbeat; phrases: (phrases, 2) seconds;
    dense: (cells, 3) entry, exit at the start of each cell, lead activity in its middle.
    """

    name: str
    corpus: str
    artist: str
    licence: str
    voices: tuple[str, ...]
    trainable: bool
    features: NDArray[np.float16]
    onset_cells: NDArray[np.int64]
    onset_times: NDArray[np.float64]
    labels: NDArray[np.bool_]
    near_boundary: NDArray[np.bool_]
    boundary: NDArray[np.int64]
    on_downbeat: NDArray[np.bool_]
    phrases: NDArray[np.float64]
    dense: NDArray[np.bool_]


def make(track: Track, cells_per_beat: int) -> Example:
    """Analyse one track as serving does (tracked beats, not annotated ones) and label its onsets and cells."""
    sound = audio.read([track.audio])
    mono = loudness.to_reference(sound)
    front = listen(mono)
    found = onsets.detect(front, mono)
    grid = beats.track(front)
    aligned = beat_align.align(front.gammatone, grid, cells_per_beat, sound.duration)
    cell_onsets = beat_align.cells(grid, found, cells_per_beat) - aligned.first_cell
    inside = (cell_onsets >= 0) & (cell_onsets < len(aligned.features))
    found, cell_onsets = found[inside], cell_onsets[inside]

    # Rests are counted in the annotated beats where there are some: the tracker may be an octave off.
    ruler = track.grid or grid
    entry, exit_ = cut_rule.label(found, track.lead, ruler)
    boundary = _nearest_boundary(found, ruler, track.sections)
    near = cuts.near(found, ruler, track.sections)
    starts = grid.seconds((np.arange(len(aligned.features)) + aligned.first_cell) / cells_per_beat)
    cell_entry, cell_exit = cut_rule.label(starts, track.lead, ruler)
    middles = grid.seconds((np.arange(len(aligned.features)) + aligned.first_cell + 0.5) / cells_per_beat)
    downbeats = ruler.times[ruler.positions == 1]
    return Example(
        name=track.name,
        corpus=track.corpus,
        artist=track.artist,
        licence=track.licence,
        voices=track.voices,
        trainable=track.trainable,
        features=aligned.features.astype(np.float16),
        onset_cells=cell_onsets,
        onset_times=found,
        labels=np.stack([entry, exit_], axis=1),
        near_boundary=near,
        boundary=boundary,
        on_downbeat=_distance(found, downbeats) < 0.07,
        phrases=cut_rule.phrases(track.lead, ruler),
        dense=np.stack([cell_entry, cell_exit, _inside(middles, track.lead)], axis=1),
    )


def _distance(times: NDArray[np.float64], marks: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(marks):
        return np.full(len(times), np.inf)
    at = np.clip(np.searchsorted(marks, times), 1, len(marks) - 1) if len(marks) > 1 else np.zeros(len(times), int)
    return np.asarray(np.minimum(np.abs(times - marks[at]), np.abs(times - marks[at - 1])))


def _nearest_boundary(times: NDArray[np.float64], grid: BeatGrid, boundaries: NDArray[np.float64]) -> NDArray[np.int64]:
    if not len(boundaries) or not len(times):
        return np.full(len(times), -1)
    gaps = np.abs(grid.phase(times)[:, None] - grid.phase(boundaries)[None, :])
    return np.asarray(gaps.argmin(axis=1))  # ties go to the earlier boundary (specs 1.2)


def _inside(times: NDArray[np.float64], intervals: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not len(intervals):
        return np.zeros(len(times), bool)
    at = np.searchsorted(intervals[:, 0], times, side="right") - 1
    return np.asarray((at >= 0) & (times < intervals[np.maximum(at, 0), 1]))


def _cached(track: Track, cells_per_beat: int, cache: Path) -> Example | str:
    lead = hashlib.sha1(np.ascontiguousarray(track.lead).tobytes()).hexdigest()
    key = f"{VERSION}|{lead}|{cells_per_beat}"
    try:
        return _example(kept(cache / "examples", track, key, lambda t: vars(make(t, cells_per_beat))))
    except ValueError as error:  # no beats found, say: one bad song must not end a long run
        return f"{track.corpus}/{track.name}: {error}"


def _example(arrays: Arrays) -> Example:
    """An example from what is kept of it."""
    values = dict(arrays)
    for name in ("name", "corpus", "artist", "licence"):
        values[name] = str(values[name])
    values["voices"] = tuple(str(v) for v in values["voices"])
    values["trainable"] = bool(values["trainable"])
    return Example(**values)


def prepare(
    tracks: Sequence[Track],
    cells_per_beat: int,
    cache: Path,
    jobs: int = 1,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[Example]:
    """Examples of all tracks, cached one by one; a song that fails is reported and left out."""
    out: list[Example] = []
    with ProcessPoolExecutor(jobs) as pool:
        for done, result in enumerate(pool.map(_cached, tracks, repeat(cells_per_beat), repeat(cache)), 1):
            progress(done, len(tracks), result if isinstance(result, str) else result.name)
            if isinstance(result, Example):
                out.append(result)
    return out
