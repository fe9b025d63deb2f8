"""Composes the song of `segue demo` as MIDI and renders it: `python -m segue_bridge.demo.compose SOUNDFONT`.

"Second Time Around", a pop song in G of our own: intro, verse, chorus, verse, chorus, outro. Every vocal phrase is
preceded by a pick-up and followed by a rest, so the places an editor would cut at are known. Rendering needs the
program `fluidsynth`; nothing here runs when the song is only played.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mido

HERE = Path(__file__).parent
BPM = 122
TICKS = 480  # per quarter note
LEAD_IN = 0.3  # seconds of silence before the first bar, as recordings have
FORM = (("intro", 4), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("outro", 2))  # bars
CHORDS = {
    "intro": "G Em C D",
    "verse": "G D Em C G D C D",
    "chorus": "C D G Em C D G G",
    "outro": "C G",
}
TRIADS = {"G": (55, 59, 62), "D": (54, 57, 62), "Em": (55, 59, 64), "C": (55, 60, 64)}  # close to one another
ROOTS = {"G": 43, "D": 38, "Em": 40, "C": 36}

# The tune: pitch and length in quarter notes; "-" rests. Each line starts one beat early, with its pick-up.
TUNE = {
    "verse": """
        D4 .5 G4 .5   B4 1.5 A4 .5 G4 1 A4 .5 B4 .5   A4 1.5 F#4 .5 D4 1.5 D4 .5
                      G4 1 G4 .5 A4 .5 B4 1 D5 .5 B4 .5   A4 .5 G4 1.5 - 1
        D4 .5 G4 .5   B4 1.5 A4 .5 G4 1 A4 .5 B4 .5   D5 1.5 C5 .5 A4 1.5 A4 .5
                      C5 1 B4 .5 A4 .5 G4 1 E4 .5 G4 .5   A4 2 - 1""",
    "chorus": """
        B4 .5 D5 .5   E5 1.5 D5 .5 E5 1 D5 .5 B4 .5   D5 1.5 B4 .5 A4 1 A4 .5 B4 .5
                      D5 1.5 B4 .5 D5 1 B4 .5 A4 .5   G4 2 - 1
        B4 .5 D5 .5   E5 1.5 D5 .5 E5 1 G5 .5 E5 .5   D5 1.5 B4 .5 A4 1 - .5 A4 .5
                      B4 1 A4 .5 G4 .5 G4 2   - 3""",
}
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "F#": 6, "G": 7, "A": 9, "B": 11}
KICK, SNARE, HAT, OPEN, RIDE, CRASH, LOW_TOM, TOM, HIGH_TOM = 36, 38, 42, 46, 51, 49, 45, 47, 50


class Note(NamedTuple):
    """start and length in quarter notes from the song's beginning."""

    start: float
    length: float
    pitch: int
    velocity: int


class Part(NamedTuple):
    """One instrument: its MIDI channel, General MIDI program, loudness 0..127 and place 0 (left)..127 (right)."""

    name: str
    channel: int
    program: int
    volume: int
    pan: int


VOICE = Part("voice", 0, 53, 100, 64)
VOICE_EDGE = Part("voice edge", 1, 85, 60, 64)  # the oohs alone swell too slowly to be heard on the beat
HARMONY = Part("harmony", 2, 52, 93, 84)
PIANO = Part("piano", 3, 0, 120, 48)
GUITAR = Part("guitar", 4, 25, 112, 92)
STRINGS = Part("strings", 5, 48, 80, 40)
BASS = Part("bass", 6, 33, 94, 64)
DRUMS = Part("drums", 9, 0, 127, 64)


def sections() -> list[tuple[float, str, list[str]]]:
    """(start in quarter notes, name, chord of each bar) of every section."""
    found, bar = [], 0
    for name, bars in FORM:
        found.append((4.0 * bar, name, CHORDS[name].split()))
        bar += bars
    return found


def sung(section: str) -> list[tuple[float, float, int]]:
    """(start from the section's first downbeat, length, pitch) of every note of the tune, in quarter notes."""
    words = TUNE.get(section, "").split()
    notes, at = [], -1.0
    for pitch, length in zip(words[::2], words[1::2], strict=True):
        if pitch != "-":
            notes.append((at, float(length), STEPS[pitch[:-1]] + 12 * (int(pitch[-1]) + 1)))
        at += float(length)
    return notes


def tune() -> list[Note]:
    """The sung melody of the whole song."""
    return [
        Note(start + at, length * 0.94, pitch, 104 if name == "chorus" else 92)
        for start, name, _ in sections()
        for at, length, pitch in sung(name)
    ]


def _harmony() -> list[Note]:
    """The last chorus gets a second voice, a third (in G major) below the first."""
    scale = [note for note in range(128) if note % 12 in (7, 9, 11, 0, 2, 4, 6)]
    last = [start for start, name, _ in sections() if name == "chorus"][-1]
    notes = [note for note in tune() if last - 1 <= note.start < last + 32]
    return [note._replace(pitch=scale[scale.index(note.pitch) - 2], velocity=84) for note in notes]


def _piano() -> Iterator[Note]:
    """Long chords, and in the chorus eighths that push."""
    for start, name, chords in sections():
        for bar, chord in enumerate(chords):
            pushing = name == "chorus"
            for beat, length in [(i / 2, 0.45) for i in range(8)] if pushing else [(0, 3.9)]:
                accent = 84 if beat % 1 == 0 else 66
                for pitch in (*TRIADS[chord], ROOTS[chord] + 12):
                    yield Note(start + 4 * bar + beat, length, pitch, accent if pushing else 60)


def _guitar() -> Iterator[Note]:
    """Broken chords in eighths, upwards and down again; in the chorus whole chords off the beat."""
    for start, name, chords in sections():
        for bar, chord in enumerate(chords):
            at, (low, middle, high) = start + 4 * bar, (pitch + 12 for pitch in TRIADS[chord])
            if name == "chorus":
                strum = [
                    (beat + 0.5 + 0.02 * i, 0.4, p) for beat in range(4) for i, p in enumerate((low, middle, high))
                ]
            elif name == "outro" and bar == len(chords) - 1:
                strum = [(0.03 * i, 4, p) for i, p in enumerate((low, middle, high))]
            else:
                broken = (low, middle, high, middle, high, middle, high, middle)
                strum = [(step / 2, 0.48, pitch) for step, pitch in enumerate(broken)]
            yield from (Note(at + beat, length, pitch, 76 if beat % 2 == 0 else 62) for beat, length, pitch in strum)


def _strings() -> Iterator[Note]:
    for start, name, chords in sections():
        if name in ("chorus", "outro"):
            for bar, chord in enumerate(chords):
                yield from (Note(start + 4 * bar, 3.95, pitch + 12, 70) for pitch in TRIADS[chord])


def _bass() -> Iterator[Note]:
    for start, name, chords in sections():
        for bar, chord in enumerate(chords):
            at, root = start + 4 * bar, ROOTS[chord]
            if name == "intro":
                continue
            if name == "outro" and bar == len(chords) - 1:
                yield Note(at, 4, root - 12 if root > 40 else root, 100)
            elif name == "chorus":
                yield from (Note(at + i / 2, 0.45, root + (12 if i in (3, 7) else 0), 104) for i in range(8))
            else:
                yield from (Note(at + beat, length, root, 98) for beat, length in ((0, 1.9), (2, 0.9), (3, 0.4)))
                yield Note(at + 3.5, 0.45, root + 7, 88)


def _drums() -> Iterator[Note]:
    spans = sections()
    for number, (start, name, chords) in enumerate(spans):
        for bar in range(len(chords)):
            at, fill = start + 4 * bar, bar == len(chords) - 1 and number < len(spans) - 1
            if name == "outro" and bar == len(chords) - 1:
                yield from (Note(at, 1, pitch, 110) for pitch in (KICK, CRASH))
                continue
            if bar == 0 and name != "intro":
                yield Note(at, 1, CRASH, 104)
            yield from (Note(at + beat, 0.25, pitch, velocity) for beat, pitch, velocity in _groove(name, fill))


def _groove(section: str, fill: bool) -> Iterator[tuple[float, int, int]]:
    """(beat, drum, velocity) of one bar; a fill takes over its second half."""
    kicks = {"intro": (0, 2), "verse": (0, 2, 2.5), "chorus": (0, 1, 2, 2.5, 3), "outro": (0, 2)}[section]
    until = 2 if fill else 4
    yield from ((beat, KICK, 112) for beat in kicks if beat < until)
    if section != "intro":
        yield from ((beat, SNARE, 106) for beat in (1, 3) if beat < until)
    for eighth in range(2 * until):
        hat = OPEN if section == "chorus" and eighth % 2 else HAT
        yield eighth / 2, hat, 84 if eighth % 2 == 0 else 62
        if section == "chorus" and eighth % 2 == 0:
            yield eighth / 2, RIDE, 80
    if fill:
        toms = (SNARE, SNARE, SNARE, HIGH_TOM, HIGH_TOM, TOM, TOM, LOW_TOM)
        yield from ((2 + i / 4, drum, 84 + 4 * i) for i, drum in enumerate(toms))
        yield 2, KICK, 108


def song() -> mido.MidiFile:
    """The whole song: a track of tempo and section markers, then one track per part."""
    file = mido.MidiFile(ticks_per_beat=TICKS)
    head = mido.MidiTrack([mido.MetaMessage("track_name", name="Second Time Around")])
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BPM)))
    head.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    tick = 0
    for start, name, _ in sections():
        head.append(mido.MetaMessage("marker", text=name, time=round(start * TICKS) - tick))
        tick = round(start * TICKS)
    file.tracks.append(head)
    lead = tune()
    parts = ((VOICE, lead), (VOICE_EDGE, lead), (HARMONY, _harmony()), (PIANO, _piano()), (GUITAR, _guitar()))
    for part, notes in (*parts, (STRINGS, _strings()), (BASS, _bass()), (DRUMS, _drums())):
        file.tracks.append(_track(part, list(notes)))
    return file


def _track(part: Part, notes: list[Note]) -> mido.MidiTrack:
    """One part as a track; velocities vary a little (always the same way), times do not."""
    hand = random.Random(part.name)
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=part.name)])
    track.append(mido.Message("program_change", channel=part.channel, program=part.program))
    track.append(mido.Message("control_change", channel=part.channel, control=7, value=part.volume))
    track.append(mido.Message("control_change", channel=part.channel, control=10, value=part.pan))
    events: list[tuple[int, int, int, int]] = []  # tick, off before on, pitch, velocity
    for note in notes:
        velocity = min(127, max(1, note.velocity + hand.randint(-5, 5)))
        events.append((round(note.start * TICKS), 1, note.pitch, velocity))
        events.append((round((note.start + note.length) * TICKS), 0, note.pitch, 0))
    tick = 0
    for at, on, pitch, velocity in sorted(events):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, channel=part.channel, note=pitch, velocity=velocity, time=at - tick))
        tick = at
    return track


def render(midi: Path, soundfont: Path, audio: Path) -> None:
    """Play `midi` with fluidsynth into an Ogg Vorbis file at 44.1 kHz, faded out after the last chord."""
    import numpy as np
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "song.wav"
        program = ["fluidsynth", "-ni", "-q", "-r", "44100", "-g", "0.5", "-O", "float", "-F", str(wave)]
        subprocess.run([*program, str(soundfont), str(midi)], check=True)
        samples, rate = soundfile.read(wave, dtype="float32")
    seconds = sum(bars for _, bars in FORM) * 4 * 60 / BPM
    samples = samples[: round((seconds + 0.5) * rate)] * (0.8 / np.abs(samples).max())
    samples = np.concatenate([np.zeros((round(LEAD_IN * rate), 2), dtype="float32"), samples])
    fade = round(0.8 * rate)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype="float32")[:, None]
    with soundfile.SoundFile(
        audio, "w", rate, samples.shape[1], format="OGG", subtype="VORBIS", compression_level=0.8
    ) as out:
        for block in range(0, len(samples), 65536):  # the encoder of libsndfile overflows on one large block
            out.write(samples[block : block + 65536])


if __name__ == "__main__":
    song().save(HERE / "song.mid")
    render(HERE / "song.mid", Path(sys.argv[1]), HERE / "song.ogg")
