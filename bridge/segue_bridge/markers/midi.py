"""Markers and cue points of Standard MIDI files, by the file's tempo map."""

from pathlib import Path

from segue_bridge.markers import Marker, Place

SUFFIXES = (".mid", ".midi")


def read(path: Path) -> list[Marker]:
    """Every marker of every track. Raises what mido raises for a broken file."""
    import mido

    try:
        file = mido.MidiFile(path, charset="utf-8")
    except UnicodeDecodeError:
        file = mido.MidiFile(path)  # as the standard has it
    seconds, markers = 0.0, []
    for message in file:
        seconds += message.time
        if message.type in ("marker", "cue_marker"):
            markers.append(Marker(message.text, (Place((), seconds),)))
    return markers
