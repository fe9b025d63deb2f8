"""A song as a training example: features on a time base, with labels from the cut rule. No torch here."""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models import features, song
from segue_models.cuts import beat_align, cut_rule, foreground, selection, time_base
from segue_models.paths import Paths
from segue_models.recipe import Data
from segue_models.serving.inference import Network, load
from segue_models.signal import audio, music
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from segue_models.training.cache import Arrays, cached

VERSION = "8"  # raise when the front end or the tracking of beats changes: what is kept is then made anew
ROLES = ("entry", "exit")


@dataclass(frozen=True)
class Example:
    """Features and labels of one song.

    features: (rows, bands) float16, not normalised; foreground: (rows, bands) float16 of `cuts.foreground`,
    or (rows, 0) where the recipe does without; onset_cells: (onsets,) row of `features` that an onset opens, or is
    nearest to; onset_times: (onsets,) seconds; labels: (onsets, 2) entry and exit; known: (onsets,) whether the
    labels are, which they are not in a bed; near_boundary: (onsets,) known and inside the candidate window of an
    annotated section boundary (specs 1.2), and boundary: its index or -1;
    on_downbeat: (onsets,) within 70 ms of an annotated (else tracked) downbeat; opens_bar: (onsets,) where serving
    takes them to open a bar; phrases: (phrases, 2) seconds;
    dense: (rows, 3) entry, exit at the start of each cell, lead activity in its middle; of frames both in the middle;
    dense_known: (rows,) whether entry and exit are known there.
    """

    name: str
    corpus: str
    artist: str
    licence: str
    voices: tuple[str, ...]
    trainable: bool
    features: NDArray[np.float16]
    foreground: NDArray[np.float16]
    onset_cells: NDArray[np.int64]
    onset_times: NDArray[np.float64]
    labels: NDArray[np.bool_]
    known: NDArray[np.bool_]
    near_boundary: NDArray[np.bool_]
    boundary: NDArray[np.int64]
    on_downbeat: NDArray[np.bool_]
    opens_bar: NDArray[np.bool_]
    phrases: NDArray[np.float64]
    dense: NDArray[np.bool_]
    dense_known: NDArray[np.bool_]

    @property
    def heard(self) -> NDArray[np.float16]:
        """All that a network hears (rows, bands, or twice as many), not normalised."""
        return np.concatenate([self.features, self.foreground], axis=1)


@dataclass(frozen=True)
class Heard:
    """What serving hears of a song: frames (frames, bands) of one feature, onsets and tracked beats.

    All in seconds from `start`, where the music begins: seconds of the recording; duration: of the music.
    """

    frames: NDArray[np.floating[Any]]
    onsets: NDArray[np.float64]
    beats: NDArray[np.float64]
    positions: NDArray[np.int64]
    beats_per_bar: int
    start: float
    duration: float


def hear(track: Track, feature: str, rhythmic: Network | None = None) -> Heard:
    """Listen to one track as serving does, by the feature of that name and a network of beats, else onsets alone.

    Raises ValueError where there are no beats.
    """
    heard = song.hear(audio.read([track.audio]), rhythmic)
    if not len(heard.samples):
        raise ValueError("the recording is silent")
    if heard.beats is None:
        raise ValueError("there is next to nothing to hear a beat in")
    # Gammatone comes out of the pass over the spectrum that finds onsets and beats.
    own = feature == "gammatone"
    frames = heard.front_end.gammatone if own else features.find(feature).extract(heard.samples)
    grid = heard.beats.grid
    return Heard(frames, heard.onsets, grid.times, grid.positions, grid.beats_per_bar, heard.start, heard.duration)


def make(track: Track, heard: Heard, data: Data) -> Example:
    """One track on a time base (by tracked beats, not annotated ones), with labels of its onsets and rows."""
    tracked = BeatGrid(heard.beats, heard.positions, int(heard.beats_per_bar))
    rows = time_base.lay(heard.frames.astype(np.float32), heard.onsets, tracked, float(heard.duration), data)
    inside = (rows.onset_rows >= 0) & (rows.onset_rows < len(rows.features))
    start = float(heard.start)  # from here on all times are those of the recording, as annotations are
    found, grid = heard.onsets[inside] + start, tracked.later(start)
    starts, middles = rows.starts + start, rows.middles + start

    # Rests are counted in the annotated beats where there are some: the tracker may be an octave off.
    ruler = track.grid or grid
    entry, exit_ = cut_rule.label(found, track.lead, ruler)
    row_entry, row_exit = cut_rule.label(starts, track.lead, ruler)
    known = ~_inside(found, track.unphrased_spans)
    downbeats = ruler.times[ruler.positions == 1]
    apart = foreground.foreground(rows.features, data.cells_per_beat) if data.foreground else rows.features[:, :0]
    return Example(
        name=track.name,
        corpus=track.corpus,
        artist=track.artist,
        licence=track.licence,
        voices=track.voices,
        trainable=track.trainable,
        features=rows.features.astype(np.float16),
        foreground=apart.astype(np.float16),
        onset_cells=rows.onset_rows[inside],
        onset_times=found,
        labels=np.stack([entry, exit_], axis=1),
        known=known,
        near_boundary=known & selection.candidates(found, ruler, track.sections),
        boundary=_nearest_boundary(found, ruler, track.sections),
        on_downbeat=_distance(found, downbeats) < 0.07,
        opens_bar=beat_align.on_downbeat(grid, found, data.cells_per_beat),
        phrases=cut_rule.phrases(track.lead, ruler),
        dense=np.stack([row_entry, row_exit, _inside(middles, track.lead)], axis=1),
        dense_known=~_inside(starts, track.unphrased_spans),
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


def _made(track: Track, data: Data, where: Paths) -> Example | str:
    rhythmic, version = _rhythmic(where.beats) if where.beats else (None, "")
    key = f"{VERSION}|{music.VERSION}|{version}|{json.dumps(features.find(data.feature).PARAMETERS, sort_keys=True)}"
    try:
        # One file of a song and feature serves all time bases and labels; to lay it out anew takes no time.
        return make(track, Heard(**cached(where.cache / "heard", track, key, partial(_heard, data, rhythmic))), data)
    except ValueError as error:  # no beats found, say: one bad song must not end a long run
        return f"{track.corpus}/{track.name}: {error}"


def _heard(data: Data, rhythmic: Network | None, track: Track) -> Arrays:
    heard = hear(track, data.feature, rhythmic)
    return {**vars(heard), "frames": heard.frames.astype(np.float16)}


@lru_cache(maxsize=1)
def _rhythmic(path: Path) -> tuple[Network, str]:
    """The network of beats, and what changes with it."""
    return load(path, threads=1), hashlib.sha1(path.read_bytes()).hexdigest()[:12]


def prepare(
    tracks: Sequence[Track],
    data: Data,
    where: Paths,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[Example]:
    """Examples of all tracks, cached one by one; a song that fails is reported and left out."""
    out: list[Example] = []
    with ProcessPoolExecutor(where.jobs) as pool:
        for done, result in enumerate(pool.map(_made, tracks, repeat(data), repeat(where)), 1):
            progress(done, len(tracks), result if isinstance(result, str) else result.name)
            if isinstance(result, Example):
                out.append(result)
    return out
