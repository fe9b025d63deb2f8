"""Standard MIDI files as they stand: played by fluidsynth with all their controllers; their beats and note times."""

import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

import mido
import numpy as np
import soundfile as sf

from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.signal.frames import RATE_HZ, BeatGrid

PEAK = 0.89
_TICKS_PER_S = 10_000


def read(archive: Path, name: str) -> mido.MidiFile:
    """The MIDI file `name` of a zip. Raises FileNotFoundError without the zip."""
    with zipfile.ZipFile(archive) as z:
        return mido.MidiFile(file=io.BytesIO(z.read(name)), clip=True)


def events(file: mido.MidiFile, *types: str) -> list[tuple[int, mido.Message]]:
    """Messages of these types in all tracks, with their ticks, in order (mido's own merge copies each: far slower)."""
    found = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type in types:
                found.append((tick, message))
    return sorted(found, key=itemgetter(0))


def note_ticks(file: mido.MidiFile) -> Floats:
    """Where notes begin (notes,) in ticks, sorted."""
    return np.array([tick for tick, m in events(file, "note_on") if m.velocity], dtype=np.float64)


def seconds(file: mido.MidiFile, ticks: Floats) -> Floats:
    """Times of ticks by the tempo map."""
    changes = {0: 500_000} | {tick: m.tempo for tick, m in events(file, "set_tempo")}
    at = np.array(sorted(changes), dtype=np.float64)
    rate = np.array([changes[int(t)] for t in at]) / 1e6 / file.ticks_per_beat
    begin = np.concatenate([[0.0], np.cumsum(np.diff(at) * rate[:-1])])
    part = np.searchsorted(at, ticks, side="right") - 1
    return np.asarray(begin[part] + (ticks - at[part]) * rate[part])


def metres(file: mido.MidiFile) -> list[tuple[int, int, int]]:
    """Time signatures (tick, numerator, denominator), 4/4 from the start where none is given, repetitions left out."""
    found = {0: (4, 4)} | {tick: (m.numerator, m.denominator) for tick, m in events(file, "time_signature")}
    out: list[tuple[int, int, int]] = []
    for at in sorted(found):
        if not out or out[-1][1:] != found[at]:
            out.append((at, *found[at]))
    return out


def grid(file: mido.MidiFile, until: float) -> BeatGrid:
    """The beats of the tempo map while notes play, up to `until` seconds; a beat of 6/8, 9/8, 12/8 is three eighths.

    Raises ValueError where the metre changes before `until`, or its bars are not of whole beats, such as 7/8.
    """
    (_, above, below), *later = metres(file)
    if any(seconds(file, np.array([float(m[0])]))[0] < until for m in later):
        raise ValueError("the metre changes")
    compound = below == 8 and above in (6, 9, 12)
    if not compound and below not in (2, 4):
        raise ValueError(f"bars of {above}/{below} are not of whole beats")
    beat = file.ticks_per_beat * (1.5 if compound else 4 / below)
    bar = above // 3 if compound else above
    notes = note_ticks(file)
    index = np.arange(np.floor(notes[0] / beat), np.ceil(notes[-1] / beat) + 1)
    times = seconds(file, index * beat)
    inside = times < until
    return BeatGrid(times[inside], index[inside].astype(np.int64) % bar + 1, bar)


def retimed(file: mido.MidiFile, to: Callable[[Floats], Floats]) -> mido.MidiFile:
    """The file with what happens at t seconds at to(t) instead, exact to 0.1 ms, in one tempo.

    Its tempo map is not bent instead: fluidsynth comes to be 0.1 s out where a tempo is given for every beat.
    """
    out = mido.MidiFile(ticks_per_beat=_TICKS_PER_S)
    for track in file.tracks:
        ticks = np.cumsum([message.time for message in track], dtype=np.float64)
        moved = np.maximum.accumulate(np.rint(np.maximum(to(seconds(file, ticks)), 0) * _TICKS_PER_S).astype(int))
        kept, waited = mido.MidiTrack(), 0
        for message, wait in zip(track, np.diff(moved, prepend=0).tolist(), strict=True):
            waited += wait
            if message.type != "set_tempo":
                kept.append(message.copy(time=waited))
                waited = 0
        out.tracks.append(kept)
    out.tracks.insert(0, mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)]))
    return out


def play(file: mido.MidiFile, font: Path, until: float) -> Samples:
    """Mono audio (samples,) float32 at 44.1 kHz of the file's first `until` seconds at most, at full level.

    Raises FileNotFoundError without fluidsynth, RuntimeError with its message when it fails.
    """
    if shutil.which("fluidsynth") is None:
        raise FileNotFoundError("fluidsynth is missing: install the program fluidsynth to render songs.")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
        _cut(file, until).save(midi)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.4", "-r", str(RATE_HZ), "-O", "float", "-T", "wav"]
        command += ["-o", "synth.cpu-cores=1", "-o", "synth.dynamic-sample-loading=1", "-F", str(wav)]
        done = subprocess.run([*command, str(font), str(midi)], capture_output=True, text=True)
        if done.returncode or not wav.exists():
            raise RuntimeError(f"fluidsynth failed: {done.stderr.strip() or done.stdout.strip()}")
        audio, _ = sf.read(wav, dtype="float32", always_2d=True, frames=round(until * RATE_HZ))
    mono = np.asarray(audio.mean(axis=1), dtype=np.float32)
    return mono * np.float32(PEAK / max(float(np.abs(mono).max(initial=0.0)), 1e-6))


def _cut(file: mido.MidiFile, until: float) -> mido.MidiFile:
    """The file up to `until` seconds, so that nothing is rendered in vain."""
    out = mido.MidiFile(ticks_per_beat=file.ticks_per_beat)
    length = max((sum(m.time for m in track) for track in file.tracks), default=0)
    end = int(np.searchsorted(seconds(file, np.arange(length, dtype=np.float64)), until))
    for track in file.tracks:
        count = int(np.searchsorted(np.cumsum([m.time for m in track]), end))
        out.tracks.append(mido.MidiTrack(m for m in track[:count] if m.type != "end_of_track"))
    # 120 is "all sound off": notes held at the cut, or never let go by the file, would ring for ever.
    end = min(end, length)
    off = [mido.Message("control_change", control=120, channel=c, time=0 if c else end) for c in range(16)]
    out.tracks.append(mido.MidiTrack(off))
    return out
