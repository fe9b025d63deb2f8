"""The tempo map of a Standard MIDI file: its tempo and time signature events; its start is that of the recording."""

from pathlib import Path
from stat import S_ISREG

import mido

from segue_bridge.errors import SegueError
from segue_models.beats.user_grid import BadGrid, TempoMap

FOUR_FOUR = (0.0, 4, 4)  # where a file says nothing, by the standard
MICROSECONDS = 500_000  # of a quarter note, likewise


def read(path: Path) -> TempoMap:
    """The tempo map of a file. Raises SegueError "not_found", "bad_input" and "bad_grid"."""
    try:
        if not S_ISREG(path.stat().st_mode):
            raise ValueError("it is no regular file")
        file = mido.MidiFile(path)
        if file.type == 2 or file.ticks_per_beat <= 0:
            raise ValueError("it counts no beats")
        return _map(file)
    except FileNotFoundError as fault:
        raise SegueError("not_found", f"{path} does not exist: check the path") from fault
    except BadGrid as fault:
        raise SegueError("bad_grid", f"{path}: {fault}") from fault
    except Exception as fault:  # mido raises whatever a broken byte leads to
        reason = str(fault).partition("\n")[0] or type(fault).__name__
        raise SegueError("bad_input", f"{path} is no MIDI file that can be read ({reason:.120})") from fault


def _map(file: mido.MidiFile) -> TempoMap:
    """Raises BadGrid."""
    tick, quarter, seconds, tempo, last_note, said = 0, 0.0, 0.0, MICROSECONDS, 0.0, False
    points, signatures = [(0.0, 0.0)], {0.0: FOUR_FOUR}
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        now = tick / file.ticks_per_beat
        seconds, quarter = seconds + (now - quarter) * tempo / 1e6, now
        if message.type == "set_tempo":
            if quarter > points[-1][1]:
                points.append((seconds, quarter))
            tempo, said = message.tempo, True
        elif message.type == "time_signature":
            signatures[quarter] = (quarter, message.numerator, message.denominator)
        elif message.type == "note_on" and message.velocity:
            last_note = seconds
    if not said:
        raise BadGrid("it has no tempo: export one with its tempo map")
    points.append((points[-1][0] + tempo / 1e6, points[-1][1] + 1))
    return TempoMap(tuple(points), tuple(signatures.values()), last_note=last_note)
