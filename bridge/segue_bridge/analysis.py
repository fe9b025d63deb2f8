"""The whole product in the order of the signal: audio, loudness, features, beats, sections, cuts, transitions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue_bridge import model_store
from segue_bridge.errors import SegueError
from segue_bridge.picking import pick
from segue_bridge.result import Analysis, AudioInfo, Options, Region, Section
from segue_bridge.scored import Scored
from segue_models.beats import tracking
from segue_models.checkpoints import checked, checkpoint
from segue_models.cuts import beat_align, selection
from segue_models.sections import segmentation
from segue_models.sections.bar_novelty import Section as Part
from segue_models.signal import audio, music, onsets
from segue_models.signal.audio import Cancelled
from segue_models.signal.frames import FPS, RATE_HZ, BeatGrid, nearest_frame
from segue_models.signal.front_end import Front, listen
from segue_models.transitions import pairs

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

SHORTEST_SECONDS = 1.0  # of music: what sounds for less is a click or a word
MUSIC_BARS = 1.0  # before an exit, and after an entry: less is no music to have heard, or to hear
SLACK_BEATS = 0.5
NO_BEAT = "no steady beat was found: bars and beats are a guess, and scores are lowered"


def analyse(
    region: Region,
    options: Options,
    progress: Progress = lambda fraction, stage: None,
    cancelled: Stop = lambda: False,
    kept: Callable[[Region, Callable[[], Scored], Stop], Scored] = lambda region, score, cancelled: score(),
) -> Analysis:
    """Find where the music of a region can be left and joined; all times in seconds of the source file.

    kept: gives what was heard of a region before, else asks for it. Raises SegueError with a sentence for the user, and
    Cancelled soon after `cancelled()` turns true.
    """
    return pick(kept(region, lambda: score(region, progress, cancelled), cancelled), options)


def score(region: Region, progress: Progress, cancelled: Stop) -> Scored:
    """Listen to a region; raises as `analyse`."""

    def check() -> None:
        if cancelled():
            raise Cancelled

    def stage(fraction: float, name: str) -> None:
        check()
        progress(fraction, name)

    try:
        with checked(check):
            return _score(region, stage, cancelled)
    except audio.AudioError as error:
        raise SegueError(error.code, str(error)) from error


def _score(region: Region, stage: Progress, cancelled: Stop) -> Scored:
    stage(0.0, "audio")
    network, rhythmic, structural = (model_store.network(name) for name in ("cuts", "beats", "sections"))
    sound = audio.read(region.paths, region.start, region.length, cancelled)
    end, warnings = region.start + sound.duration, list(sound.warnings)
    stage(0.2, "loudness")
    heard = music.hear(sound)
    del sound  # 125 MB for six minutes of stereo
    mono, start = heard.samples, region.start + heard.start
    if len(mono) < SHORTEST_SECONDS * RATE_HZ:
        raise SegueError("silence", "the region is silent: select a part with music")
    stage(0.3, "features")
    front = listen(mono)
    found = onsets.detect(front, mono)
    stage(0.5, "beats")
    grid, trust = _beats(front, tracking.hear(mono, rhythmic))
    stage(0.7, "sections")
    parts = segmentation.segment(mono, front, grid, structural)
    stage(0.9, "cuts")
    found = found[selection.near(found, grid, np.array([part.start for part in parts]))]
    checkpoint()
    cells_per_beat = network.card.cells_per_beat
    aligned = beat_align.align(front.gammatone, grid, cells_per_beat, heard.duration)
    checkpoint()
    cells = beat_align.cells(grid, found, cells_per_beat) - aligned.first_cell
    inside = (cells >= 0) & (cells < len(aligned.features))  # what is counted to the next cell may have none
    found, cells = found[inside], cells[inside]
    scores = network.scores(aligned.features, cells, beat_align.on_downbeat(grid, found, cells_per_beat))
    stage(0.95, "transitions")
    context = pairs.context(found, front, grid)
    exits, entries = (
        pairs.Cuts(found + start, trust * scores[kind], context)[np.flatnonzero(enough)]
        for kind, enough in zip(("exit", "entry"), _with_music(found, front, grid), strict=True)
    )
    return Scored(
        audio=_source(region, cancelled),
        models={name: model_store.describe(name) for name in ("cuts", "beats", "sections")},
        grid=grid.later(start),
        sections=_sections(parts, start, region.start, end),
        exits=exits,
        entries=entries,
        warnings=warnings if trust == 1.0 else [*warnings, NO_BEAT],
    )


def _beats(front: Front, heard: F32) -> tuple[BeatGrid, float]:
    """The beats, and the share of a score that is left where they are doubtful: a cut off the beat is heard at once."""
    try:
        grid = tracking.track(front, heard)
    except tracking.NoBeats:
        return tracking.even(front.duration), 0.0
    sure = tracking.confidence(heard, grid, front)
    return grid, 1.0 if sure >= tracking.SURE else sure / (1 - sure) / (tracking.SURE / (1 - tracking.SURE))


def _with_music(found: Floats, front: Front, grid: BeatGrid) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the onsets have music before them to be left, and which have music after them to be joined."""
    least = (MUSIC_BARS * grid.beats_per_bar - SLACK_BEATS) * 60 / grid.tempo_bpm
    sounded = np.concatenate([[0.0], np.cumsum(front.sounding) / FPS])  # seconds up to each frame
    before = sounded[np.clip(nearest_frame(found), 0, len(front.sounding))]
    return before >= least, sounded[-1] - before >= least


def _sections(parts: list[Part], start: float, first: float, last: float) -> list[Section]:
    """Sections in seconds of the source file, `start` later; the outer ones reach to the ends of the region."""
    inner = [part.start + start for part in parts[1:]]
    return [Section(a, b, part.label) for a, b, part in zip([first, *inner], [*inner, last], parts, strict=True)]


def _source(region: Region, cancelled: Stop) -> AudioInfo:
    source = audio.info(region.paths, cancelled)
    return AudioInfo(str(region.paths[0]), source.duration, source.rate_hz, audio.sha256(region.paths, cancelled))
