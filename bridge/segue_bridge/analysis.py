"""The whole product in the order of the signal: audio, loudness, features, beats, sections, cuts, transitions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue_bridge import model_store
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut, Kind, Options, Region, Section, Transition
from segue_models import audio, beat_align, beats, cuts, loudness, onsets, structure, transitions
from segue_models.audio import Cancelled
from segue_models.frames import BeatGrid
from segue_models.frontend import Front, listen
from segue_models.sections import Section as Part

TOP = 20  # exits, and as many entries: more is a hedge, not a help
MIN_SCORE = 0.3  # below it an editor would reject more than two of three
SPACING_BEATS = 2.0  # two markers of a kind closer than this are one cut to an editor
MOST_TRANSITIONS = 60
NO_BEAT = "no steady beat was found: bars and beats are a guess, and scores are lowered"


def analyse(
    region: Region,
    options: Options,
    progress: Callable[[float, str], None] = lambda fraction, stage: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Analysis:
    """Find where the music of a region can be left and joined; all times in seconds of the source file.

    Raises SegueError with a sentence for the user, and Cancelled when `cancelled()` turns true between stages.
    """

    def stage(fraction: float, name: str) -> None:
        if cancelled():
            raise Cancelled
        progress(fraction, name)

    try:
        stage(0.0, "audio")
        network, rhythmic, structural = (model_store.network(name) for name in ("cuts", "beats", "sections"))
        sound = audio.read(region.paths, region.start, region.length, cancelled)
        stage(0.2, "loudness")
        mono, duration, warnings = loudness.to_reference(sound), sound.duration, list(sound.warnings)
        del sound  # 125 MB for six minutes of stereo
        if not mono.any():
            raise SegueError("silence", "the region is silent: select a part with music")
        stage(0.3, "features")
        front = listen(mono)
        found = onsets.detect(front, mono)
        stage(0.5, "beats")
        grid, trust = _beats(front, beats.hear(mono, rhythmic))
        stage(0.7, "sections")
        parts = structure.segment(mono, front, grid, structural)
        stage(0.9, "cuts")
        found = found[cuts.near(found, grid, np.array([part.start for part in parts]))]
        cells_per_beat = network.card.cells_per_beat
        aligned = beat_align.align(front.gammatone, grid, cells_per_beat, duration)
        cells = beat_align.cells(grid, found, cells_per_beat) - aligned.first_cell
        scores = network.scores(aligned.features, cells, beat_align.on_downbeat(grid, found, cells_per_beat))
        scores = {kind: trust * values for kind, values in scores.items()}
        picked = _pick(found, scores, front, grid, options)
        stage(0.95, "transitions")
        joins = _join(picked, front, grid)
        warnings += [] if trust == 1.0 else [NO_BEAT]
        return _report(region, grid, parts, picked, joins, warnings, cancelled)
    except audio.AudioError as error:
        raise SegueError(error.code, str(error)) from error


def _beats(front: Front, heard: NDArray[np.float32]) -> tuple[BeatGrid, float]:
    """The beats, and the share of a score that is left where they are doubtful: a cut off the beat is heard at once."""
    try:
        grid = beats.track(front, heard)
    except beats.NoBeats:
        return beats.even(front.duration), 0.0
    sure = beats.confidence(heard, grid)
    return grid, 1.0 if sure >= beats.SURE else sure / (1 - sure) / (beats.SURE / (1 - beats.SURE))


@dataclass(frozen=True)
class _Picked:
    """The cuts of one kind: times in seconds of the region, in order, with their calibrated scores."""

    kind: Kind
    times: NDArray[np.float64]
    scores: NDArray[np.float64]


def _pick(
    found: NDArray[np.float64], scores: dict[str, NDArray[np.float64]], front: Front, grid: BeatGrid, options: Options
) -> tuple[_Picked, _Picked]:
    """The cuts of the best transitions first, then the best of the rest: a good exit that leads nowhere is no help."""
    top = TOP if options.top is None else options.top
    lowest = MIN_SCORE if options.min_score is None else options.min_score
    spacing = SPACING_BEATS * 60.0 / grid.tempo_bpm
    good = {kind: np.flatnonzero(scores[kind] >= lowest) for kind in scores}
    exits, entries = (_Picked(kind, found[good[kind]], scores[kind][good[kind]]) for kind in ("exit", "entry"))
    pairs = _join((exits, entries), front, grid, len(found) * transitions.PER_EXIT)
    linked = transitions.apart(pairs, exits.times, entries.times, spacing)
    chosen = [
        cuts.pick(part.times, part.scores, top, lowest, spacing, keep)
        for part, keep in zip((exits, entries), linked, strict=True)
    ]
    first, second = (
        _Picked(part.kind, part.times[at], part.scores[at]) for part, at in zip((exits, entries), chosen, strict=True)
    )
    return first, second


def _join(
    picked: tuple[_Picked, _Picked], front: Front, grid: BeatGrid, most: int = MOST_TRANSITIONS
) -> list[transitions.Pair]:
    exits, entries = picked
    return transitions.between(exits.times, exits.scores, entries.times, entries.scores, front, grid, most)


def _report(
    region: Region,
    grid: BeatGrid,
    parts: Iterable[Part],
    picked: tuple[_Picked, _Picked],
    joins: Iterable[transitions.Pair],
    warnings: list[str],
    cancelled: Callable[[], bool],
) -> Analysis:
    """The result in seconds of the source file, cuts numbered in order of time."""
    source = audio.info(region.paths, cancelled)
    labelled = [Section(p.start + region.start, p.end + region.start, p.label) for p in parts]
    order = sorted((float(t), p.kind, i) for p in picked for i, t in enumerate(p.times))
    number = {(kind, i): n for n, (_, kind, i) in enumerate(order)}
    marked = [_cut(number[p.kind, i], p, i, grid, region.start, labelled) for p in picked for i in range(len(p.times))]
    bars, places = grid.bar_and_beat(grid.times)
    if not marked:
        warnings = [*warnings, "no cut here is good enough to be shown"]
    return Analysis(
        audio=AudioInfo(str(region.paths[0]), source.duration, source.rate_hz, audio.sha256(region.paths, cancelled)),
        models={name: model_store.describe(name) for name in ("cuts", "beats", "sections")},
        tempo=round(grid.tempo_bpm, 2),
        beats_per_bar=grid.beats_per_bar,
        beats=[
            Beat(float(t) + region.start, int(bar), round(float(place)))
            for t, bar, place in zip(grid.times, bars, places, strict=True)
        ],
        sections=labelled,
        cuts=sorted(marked, key=lambda c: c.id),
        transitions=[Transition(number["exit", j.exit], number["entry", j.entry], round(j.score, 4)) for j in joins],
        warnings=warnings,
    )


def _cut(number: int, picked: _Picked, i: int, grid: BeatGrid, start: float, parts: list[Section]) -> Cut:
    time = float(picked.times[i])
    bar, place = grid.bar_and_beat(time)
    label = next((part.label for part in parts if part.start <= time + start < part.end), "")
    return Cut(number, picked.kind, time + start, round(float(picked.scores[i]), 4), int(bar), float(place), label)
