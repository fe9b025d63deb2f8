"""A Standard MIDI file that holds the tempo map and the cuts as markers, for DAWs that import markers from MIDI.

Every beat stands on a beat of the DAW (within 0.001 ms, also after 95 minutes) and every marker at its time within
half a tick (0.26 ms at 120 beats a minute). The first downbeat begins a bar. Where the file has nothing before it that
is bar 1, as in the analysis; else the time before it, and a pick-up, take a bar or more and the DAW counts from there.
"""

import io
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path

from segue_bridge.formats._tempo_map import TempoMap, tempo_map
from segue_bridge.marker_name import ascii_name
from segue_bridge.result import Analysis
from segue_bridge.text import one_line

SUFFIX = ".mid"
BINARY = True
TICKS = 960  # of a quarter note


def render(analysis: Analysis) -> bytes:
    """One track of meta events: name, time signatures, tempi and markers in UTF-8, up to the end of the recording."""
    import mido

    beats = tempo_map(analysis)
    tempi = _tempi(beats)
    meta = mido.MetaMessage
    events = [(0, meta("track_name", name=one_line(Path(analysis.audio.path).name)))]
    for quarter, numerator, denominator in beats.signatures:
        signature = meta("time_signature", numerator=numerator, denominator=denominator)
        events.append((round(quarter * TICKS), signature))
    for before, (tick, _, tempo) in zip([None, *tempi], tempi, strict=False):
        if before is None or tempo != before[2]:
            events.append((tick, meta("set_tempo", tempo=tempo)))
    events += [(_tick(tempi, cut.time), meta("marker", text=ascii_name(cut))) for cut in analysis.cuts]
    events.sort(key=lambda event: event[0])
    events.append((max(events[-1][0], _tick(tempi, analysis.audio.duration)), meta("end_of_track")))

    file = mido.MidiFile(ticks_per_beat=TICKS, charset="utf-8")
    track = file.add_track()
    last = 0
    for tick, message in events:
        track.append(message.copy(time=tick - last))
        last = tick
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def _tempi(beats: TempoMap) -> list[tuple[int, float, int]]:
    """(tick, its microsecond, whole microseconds of a quarter note from there on) of every point but the last.

    Each tempo makes up for what rounding the one before has lost, so that the error never adds up.
    """
    tempi = []
    now = 0.0
    for (_, quarter), (time, following) in pairwise(beats.points):
        tempo = round((1e6 * time - now) / (following - quarter))
        tempi.append((round(quarter * TICKS), now, tempo))
        now += tempo * (following - quarter)
    return tempi


def _tick(tempi: list[tuple[int, float, int]], seconds: float) -> int:
    tick, start, tempo = tempi[max(bisect_right(tempi, 1e6 * seconds, key=lambda point: point[1]) - 1, 0)]
    return tick + round((1e6 * seconds - start) / tempo * TICKS)
