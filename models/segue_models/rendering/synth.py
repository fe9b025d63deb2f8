"""Plays note tables through fluidsynth and returns mono audio."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from segue_models.rendering.notes import END, PITCH, START, VELOCITY, Part
from segue_models.signal.frames import RATE_HZ

Audio = NDArray[np.float32]
_TICKS_PER_S = 10_000
_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts", "/opt/homebrew/share/soundfonts")
SOUNDFONTS = ("FluidR3_GM.sf2", "TimGM6mb.sf2", "MuseScore_General_Lite.sf3")


def soundfont(name: str) -> Path:
    """Path of an installed soundfont. Raises FileNotFoundError that names the Debian packages to install."""
    for folder in _FOLDERS:
        if (path := Path(folder) / name).exists():
            return path
    raise FileNotFoundError(
        f"The soundfont {name} is missing: install fluidsynth, fluid-soundfont-gm, timgm6mb-soundfont and "
        "musescore-general-soundfont-small."
    )


def _midi(parts: list[Part]) -> mido.MidiFile:
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_S)
    channels = iter([c for c in range(16) if c != 9])
    for part in parts:
        channel = 9 if part.drums else next(channels)
        events: list[tuple[int, int, mido.Message]] = []
        for row in part.notes:
            pitch, velocity = int(row[PITCH]), int(np.clip(row[VELOCITY], 1, 127))
            on = max(round(row[START] * _TICKS_PER_S), 0)
            off = max(round(row[END] * _TICKS_PER_S), on + 1)
            events.append((on, 1, mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)))
            events.append((off, 0, mido.Message("note_off", note=pitch, velocity=0, channel=channel)))
        events.sort(key=lambda e: e[:2])
        volume = int(np.clip(round(100 * 10 ** (part.level_db / 40)), 1, 127))  # GM volume is a square law
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000, time=0)])
        track.append(mido.Message("program_change", program=part.program, channel=channel, time=0))
        track.append(mido.Message("control_change", control=7, value=volume, channel=channel, time=0))
        now = 0
        for tick, _, message in events:
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    return file


def render(parts: list[Part], font: Path, seconds: float) -> Audio:
    """Mono audio (samples,) float32 at 44.1 kHz of the parts (at most 15 and one drum kit), dry, `seconds` long.

    Raises FileNotFoundError without fluidsynth, RuntimeError with its message when it fails.
    """
    out = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    parts = [part for part in parts if len(part.notes)]
    if not parts:
        return out
    if shutil.which("fluidsynth") is None:
        raise FileNotFoundError("fluidsynth is missing: install the program fluidsynth to render songs.")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
        _midi(parts).save(midi)
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.4", "-r", str(RATE_HZ)]
        command += [
            "-o",
            "synth.dynamic-sample-loading=1",
            "-o",
            "synth.cpu-cores=1",
            "-o",
            "synth.polyphony=64",
            "-O",
            "float",
            "-T",
            "wav",
        ]
        done = subprocess.run([*command, "-F", str(wav), str(font), str(midi)], capture_output=True, text=True)
        if done.returncode or not wav.exists():
            raise RuntimeError(f"fluidsynth failed: {done.stderr.strip() or done.stdout.strip()}")
        audio, _ = sf.read(wav, dtype="float32", always_2d=True, frames=len(out))
    out[: len(audio)] = audio.mean(axis=1)
    return out
