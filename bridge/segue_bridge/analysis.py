"""The whole product in the order of the signal: audio, loudness, features, beats, sections, cuts, transitions."""

from collections.abc import Callable

from segue_bridge import model_store
from segue_bridge.errors import SegueError
from segue_bridge.picking import pick
from segue_bridge.result import Analysis, AudioInfo, Options, Region, Section
from segue_bridge.scored import Scored
from segue_models import product, song
from segue_models.checkpoints import checked
from segue_models.sections.bar_novelty import Section as Part
from segue_models.signal import audio
from segue_models.signal.audio import Cancelled

Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

SHORTEST_SECONDS = 1.0  # of music: what sounds for less is a click or a word
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
    cuts, beats, sections = (model_store.network(name) for name in model_store.SERVED)
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
    reliability = heard.beat_reliability
    stage(0.7, "sections")
    parts = heard.sections
    stage(0.9, "cuts")
    exits, entries = product.score(heard, cuts)
    start = region.start + heard.start
    return Scored(
        audio=_source(region, cancelled),
        models={name: model_store.describe(name) for name in model_store.SERVED},
        grid=heard.grid.later(start),
        sections=_sections(parts, start, region.start, end),
        exits=exits.later(start),
        entries=entries.later(start),
        warnings=warnings if reliability == 1.0 else [*warnings, NO_BEAT],
    )


def _sections(parts: list[Part], start: float, first: float, last: float) -> list[Section]:
    """Sections in seconds of the source file, `start` later; the outer ones reach to the ends of the region."""
    inner = [part.start + start for part in parts[1:]]
    return [Section(a, b, part.label) for a, b, part in zip([first, *inner], [*inner, last], parts, strict=True)]


def _source(region: Region, cancelled: Stop) -> AudioInfo:
    source = audio.info(region.paths, cancelled)
    return AudioInfo(str(region.paths[0]), source.duration, source.rate_hz, audio.sha256(region.paths, cancelled))
