"""The whole product in the order of the signal: audio, loudness, features, beats, sections, cuts, transitions."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from segue_bridge import model_store
from segue_bridge.errors import SegueError
from segue_bridge.heard import Heard
from segue_bridge.picking import pick
from segue_bridge.result import Analysis, AudioInfo, Options, Region, Section
from segue_bridge.scored import Scored
from segue_models import product, song
from segue_models.beats.user_grid import AGREES, BadGrid, UserGrid
from segue_models.checkpoints import checked
from segue_models.sections.bar_novelty import Section as Part
from segue_models.signal import audio
from segue_models.signal.audio import Cancelled
from segue_models.signal.frames import BeatGrid

Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

SHORTEST_SECONDS = 1.0  # of music: what sounds for less is a click or a word
FREE_TIME = "free time: no steady beat was found, so no bars are counted and cuts are joined by sound alone"


class Kept(Protocol):
    """Where what was heard and scored before is found again."""

    def heard(self, region: Region, hear: Callable[[], Heard], cancelled: Stop) -> Heard:
        """What was heard of a region before, else `hear()`."""

    def scored(self, region: Region, grid: UserGrid | None, score: Callable[[], Scored], cancelled: Stop) -> Scored:
        """What was scored of it on that grid before, else `score()`."""


class Nothing:
    """Keeps nothing."""

    def heard(self, region: Region, hear: Callable[[], Heard], cancelled: Stop) -> Heard:
        """`hear()`."""
        return hear()

    def scored(self, region: Region, grid: UserGrid | None, score: Callable[[], Scored], cancelled: Stop) -> Scored:
        """`score()`."""
        return score()


def analyse(
    region: Region,
    options: Options,
    progress: Progress = lambda fraction, stage: None,
    cancelled: Stop = lambda: False,
    kept: Kept | None = None,
) -> Analysis:
    """Find where the music of a region can be left and joined; all times in seconds of the source file.

    kept: where what was found before is asked for. Raises SegueError with a sentence for the user, and Cancelled soon
    after `cancelled()` turns true.
    """
    store = kept or Nothing()

    def check() -> None:
        if cancelled():
            raise Cancelled

    def stage(fraction: float, name: str) -> None:
        check()
        progress(fraction, name)

    def scored() -> Scored:
        return _score(store.heard(region, lambda: _hear(region, stage, cancelled), cancelled), region, options, stage)

    try:
        with checked(check):
            return pick(store.scored(region, options.grid, scored, cancelled), options)
    except audio.AudioError as error:
        raise SegueError(error.code, str(error)) from error
    except BadGrid as error:
        raise SegueError("bad_grid", str(error)) from error


def _hear(region: Region, stage: Progress, cancelled: Stop) -> Heard:
    """Listen to a region: all that no grid changes."""
    stage(0.0, "audio")
    # All of them, so that one that is broken is told at once.
    _, beats, sections = (model_store.network(name) for name in model_store.SERVED)
    sound = audio.read(region.paths, region.start, region.length, cancelled)
    end, warnings = region.start + sound.duration, list(sound.warnings)
    stage(0.2, "loudness")
    heard = song.hear(sound, beats, sections)
    del sound  # 125 MB for six minutes of stereo
    if heard.duration - heard.lead < SHORTEST_SECONDS:
        raise SegueError("silence", "the region is silent: select a part with music")
    stage(0.3, "features")
    _ = heard.onsets
    stage(0.5, "beats")
    _ = heard.beat_activations
    stage(0.6, "sections")
    _ = heard.boundary_curve
    return Heard(_source(region, cancelled), heard, end, warnings)


def _score(heard: Heard, region: Region, options: Options, stage: Progress) -> Scored:
    """Score what was heard on its grid, the user's where there is one. Raises BadGrid."""
    cuts = model_store.network("cuts")
    user = options.grid
    stage(0.7, "bars")
    if user is not None:
        user.check(heard.audio.duration)
    on = heard.song.on(user and user.later(-region.start))
    warnings = list(heard.warnings)
    if on.free_time:
        warnings.append(FREE_TIME)
    elif on.grid.free:
        warnings.append(_unclaimed(on.grid.later(region.start + on.start)))
    elif on.beats and on.agreement < AGREES:
        warnings.append(_contradiction(on.beats.grid.later(region.start + on.start)))
    stage(0.8, "sections")
    parts = on.sections
    stage(0.9, "cuts")
    exits, entries = product.score(on, cuts)
    start = region.start + on.start
    return Scored(
        audio=heard.audio,
        models={name: model_store.describe(name) for name in model_store.SERVED},
        grid=on.grid.later(start),
        sections=_sections(parts, start, region.start, heard.end),
        exits=exits.later(start),
        entries=entries.later(start),
        warnings=warnings,
    )


def _unclaimed(grid: BeatGrid) -> str:
    """What to say where parts of a song have no pulse."""
    parts = " and ".join(f"from {_clock(start)} to {_clock(end)}" for start, end in grid.free)
    return f"no steady beat {parts}: no bars are claimed there"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _contradiction(found: BeatGrid) -> str:
    """What to say where the music's own beats, as they were found, lie elsewhere than the user's."""
    downbeat = float(found.times[np.argmax(found.positions == 1)])
    own = f"{found.tempo_bpm:.1f} bpm, {found.beats_per_bar} beats a bar, a downbeat at {downbeat:.2f} s"
    return f"the grid is used as it was told, but little is played on its beats: found were {own}"


def _sections(parts: list[Part], start: float, first: float, last: float) -> list[Section]:
    """Sections in seconds of the source file, `start` later; the outer ones reach to the ends of the region."""
    inner = [part.start + start for part in parts[1:]]
    return [Section(a, b, part.label) for a, b, part in zip([first, *inner], [*inner, last], parts, strict=True)]


def _source(region: Region, cancelled: Stop) -> AudioInfo:
    source = audio.info(region.paths, cancelled)
    return AudioInfo(str(region.paths[0]), source.duration, source.rate_hz, audio.sha256(region.paths, cancelled))
