"""The beats of an analysis as a tempo map that begins at second 0, for formats that count bars.

A DAW's first bar begins where the file does, the music's first beat a little later. The time before it becomes a bar
of its own: whole beats where it is long, one short note where it is less than half a beat, so that its tempo stays
between half and twice the music's. A pick-up is a short bar too. The first downbeat then stands on a bar line.
"""

import math
from dataclasses import dataclass

from segue_bridge.result import Analysis

SHORT_NOTES = (8, 16, 32)  # parts of a whole note
NO_TEMPO = 120.0  # beats a minute where nothing is known


@dataclass(frozen=True)
class TempoMap:
    """Where quarter notes stand: one quarter note is one beat.

    points: (seconds, quarter notes since the start), the first (0, 0), both growing; after the last point the tempo
    stays. signatures: (quarter notes since the start, numerator, denominator), each on a point and on a bar line.
    bars_before: bars before the bar that the analysis calls 1.
    """

    points: list[tuple[float, float]]
    signatures: list[tuple[float, int, int]]
    bars_before: int


def tempo_map(analysis: Analysis) -> TempoMap:
    """Every beat on a quarter note; only a first beat within 1/16 beat of the start is moved to the start.

    Without beats the tempo of the analysis holds from the start.
    """
    metre, times = max(analysis.beats_per_bar, 1), [beat.time for beat in analysis.beats]
    if len(times) < 2:
        tempo = analysis.tempo if 0 < analysis.tempo < math.inf else NO_TEMPO
        return TempoMap([(0.0, 0.0), (60 / tempo, 1.0)], [(0.0, metre, 4)], 0)
    ahead = times[0] / (times[1] - times[0])  # beats before the first one
    whole = math.floor(ahead + 0.5)
    short = next((note for note in SHORT_NOTES if not whole and ahead >= 2 / note), 0)
    lead = 4 / short if short else float(whole)

    points = [(times[0] * beat / whole, float(beat)) for beat in range(whole)] or [(0.0, 0.0)]
    points += [(time, lead + beat) for beat, time in enumerate(times) if lead or beat]
    signatures = [(0.0, 1, short)] if short else []
    pick_up = next((i for i, beat in enumerate(analysis.beats) if beat.beat == 1), 0)
    bars, rest = divmod(whole + pick_up, metre)
    if rest:
        signatures.append((lead - whole, rest, 4))
    signatures.append((lead - whole + rest, metre, 4))
    return TempoMap(points, signatures, bool(short) + bool(rest) + bars)
