"""From every place that can be a cut to the few that are shown, with their transitions: quick, and asked often."""

from segue_bridge.result import Analysis, Beat, Cut, Kind, Options, Section, Transition
from segue_bridge.scored import Scored
from segue_models import product
from segue_models.signal.frames import BAR_LINE_SECONDS, BeatGrid
from segue_models.transitions.pairs import Cuts


def pick(scored: Scored, options: Options) -> Analysis:
    """The result for these options, cuts numbered in order of time."""
    grid = scored.grid
    top = product.TOP if options.top is None else options.top
    min_score = product.MIN_SCORE if options.min_score is None else options.min_score
    shown = product.select(scored.exits, scored.entries, grid, top, min_score)
    kinds: tuple[tuple[Kind, Cuts], ...] = (("exit", shown.exits), ("entry", shown.entries))
    order = sorted((float(time), kind, i) for kind, part in kinds for i, time in enumerate(part.times))
    number = {(kind, i): n for n, (_, kind, i) in enumerate(order)}
    marked = [
        cut
        for kind, part in kinds
        for cut in _cuts([number[kind, i] for i in range(len(part.times))], kind, part, grid, scored.sections)
    ]
    return Analysis(
        audio=scored.audio,
        models=scored.models,
        tempo=0.0 if grid.barless else round(grid.tempo_bpm, 2),
        beats_per_bar=grid.beats_per_bar,
        beats=_beats(grid),
        sections=scored.sections,
        cuts=sorted(marked, key=lambda c: c.id),
        transitions=[
            Transition(number["exit", j.exit], number["entry", j.entry], round(j.score, 4)) for j in shown.transitions
        ],
        warnings=scored.warnings if marked else [*scored.warnings, "no cut here is good enough to be shown"],
        beat_unit=grid.beat_unit,
    )


def _beats(grid: BeatGrid) -> list[Beat]:
    """Those in the recording: a tempo map may begin before it."""
    bars, places = grid.bar_and_beat(grid.times)
    counted = grid.claimed(grid.times) & (bars > 0)
    return [
        Beat(max(float(time), 0.0), *((int(bar), round(float(place))) if told else (None, None)))
        for time, bar, place, told in zip(grid.times, bars, places, counted, strict=True)
        if time >= -BAR_LINE_SECONDS
    ]


def _cuts(numbers: list[int], kind: Kind, part: Cuts, grid: BeatGrid, sections: list[Section]) -> list[Cut]:
    """Cuts with their places in the song, which are those of the bar lines they are played on."""
    on = grid.to_bar_line(part.times)
    bars, places = grid.bar_and_beat(on)
    counted = grid.claimed(on) & (bars > 0)
    out = []
    for i, number in enumerate(numbers):
        bar, beat = (int(bars[i]), float(places[i])) if counted[i] else (None, None)
        label = next((section.label for section in sections if section.start <= on[i] < section.end), "")
        out.append(Cut(number, kind, float(part.times[i]), round(float(part.scores[i]), 4), bar, beat, label))
    return out
