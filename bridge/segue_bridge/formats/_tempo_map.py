"""The beats of an analysis as a tempo map that begins at second 0, for formats that count bars.

A DAW's first bar begins where the file does, the music's first beat a little later. The time before it becomes a bar
of its own: whole beats where it is long, one short note where it is less than half a beat, so that its tempo stays
between half and twice the music's. A pick-up is a short bar too. The first downbeat then stands on a bar line.
"""

import math
from dataclasses import dataclass

from segue_bridge.result import Analysis

SHORT_PARTS = (2, 4, 8)  # of a beat
NO_TEMPO = 120.0  # beats a minute where nothing is known


@dataclass(frozen=True)
class TempoMap:
    """Where quarter notes stand; a beat is as many of them as its note has.

    points: (seconds, quarter notes since the start), the first (0, 0), both growing; after the last point the tempo
    stays. signatures: (quarter notes since the start, numerator, denominator), each on a point and on a bar line.
    bars_before: bars before the bar that the analysis calls 1, negative where that is not in it.
    """

    points: list[tuple[float, float]]
    signatures: list[tuple[float, int, int]]
    bars_before: int


def tempo_map(analysis: Analysis) -> TempoMap:
    """Every beat on its note; only a first beat within 1/16 beat of the start is moved to the start.

    Without beats the tempo of the analysis holds from the start.
    """
    metre, unit = max(analysis.beats_per_bar, 1), analysis.beat_unit
    quarters, times = 4 / unit, [beat.time for beat in analysis.beats]  # of a beat
    if len(times) < 2:
        tempo = analysis.tempo if 0 < analysis.tempo < math.inf else NO_TEMPO
        return TempoMap([(0.0, 0.0), (60 / tempo, quarters)], [(0.0, metre, unit)], 0)
    ahead = times[0] / (times[1] - times[0])  # beats before the first one
    whole = math.floor(ahead + 0.5)
    short = next((parts for parts in SHORT_PARTS if not whole and ahead >= 0.5 / parts), 0)
    lead = 1 / short if short else float(whole)

    points = [(times[0] * beat / whole, float(beat)) for beat in range(whole)] or [(0.0, 0.0)]
    points += [(time, lead + beat) for beat, time in enumerate(times) if lead or beat]
    signatures = [(0.0, 1, short * unit)] if short else []
    pick_up = next((i for i, beat in enumerate(analysis.beats) if beat.beat == 1), 0)
    bars, rest = divmod(whole + pick_up, metre)
    if rest:
        signatures.append((lead - whole, rest, unit))
    signatures.append((lead - whole + rest, metre, unit))
    at = pick_up
    for length in _bars(analysis, pick_up):
        if length != signatures[-1][1]:
            signatures = [kept for kept in signatures if kept[0] < lead + at]
            signatures.append((lead + at, length, unit))
        at += length
    return TempoMap(
        [(time, quarters * beat) for time, beat in points],
        [(quarters * beat, above, below) for beat, above, below in signatures],
        bool(short) + bool(rest) + bars - (analysis.beats[pick_up].bar or 1) + 1,
    )


def _bars(analysis: Analysis, pick_up: int) -> list[int]:
    """Beats of each bar from the first downbeat on; the last may go on behind the last beat."""
    whole = analysis.bars()
    begun = sum(beat.bar is not None for beat in analysis.beats[pick_up + sum(whole) :])
    usual = whole[-1] if whole else analysis.beats_per_bar
    return [*whole, usual if begun <= usual else max(begun, analysis.beats_per_bar)]
