"""Who sings a rendered song: singers of the CC0 stems, synthetic speakers, or nobody (an instrument plays)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from segue_models import files
from segue_models.rendering.voice import Voice, singer

# Sodium is left out: its vocals are a continuous bed.
RECORDINGS = ("1_hydrogen", "4_potassium", "5_rubidium", "7_francium")
SPEAKERS = ("en+f2", "en+f4", "en+m3", "en+m7", "es+f3", "it+m1", "pt+f1", "en-us+f5")
SUNG, SPOKEN = 0.45, 0.10  # shares of the songs
# Our own words: open vowels and all the usual consonants.
_TEXT = """Slowly the river is rolling away, over the meadow and under the moon. Tell me a story of summer and rain,
carry me home in the late afternoon. Nobody knows why the mountains are blue, maybe the morning is bringing the news.
Follow the road where the willows are long, leave me the window, the light and the song. Shadows are falling on
harbour and tower, silver and shining, the bells of the hour. Give me your fire and take all my time, every new chorus
is looking for rhyme. Hold on, hold on, we are nearly there now, sailing for islands we found in the snow."""


def singer_for(root: Path, cache: Path, rng: np.random.Generator) -> tuple[Voice | None, tuple[str, ...]]:
    """A voice (None: an instrument plays the lead) and the names of the recordings heard in it."""
    draw = rng.random()
    if draw < SUNG:
        name = str(rng.choice(RECORDINGS))
        return singer(root / "evr_cc0_stems" / "audio" / f"{name}_vocals.ogg", cache / "voices"), (name,)
    if draw < SUNG + SPOKEN:
        return speaker(str(rng.choice(SPEAKERS)), cache / "voices"), ()
    return None, ()


def speaker(name: str, cache: Path) -> Voice:
    """A voice from espeak-ng reading a text of ours. Raises FileNotFoundError if espeak-ng is not installed."""
    recording = cache / f"espeak_{name.replace('+', '_')}.wav"
    if not recording.exists():
        if shutil.which("espeak-ng") is None:
            raise FileNotFoundError("espeak-ng is missing: install the program espeak-ng to render songs.")
        cache.mkdir(parents=True, exist_ok=True)
        _speak(name, recording)
    return singer(recording, cache)


def _speak(name: str, recording: Path) -> None:
    import soundfile as sf
    import soxr

    from segue_models.signal.frames import RATE_HZ

    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "speech.wav"
        command = ["espeak-ng", "-v", name, "-s", "110", "-p", "60", "-w", str(raw), " ".join(_TEXT.split())]
        subprocess.run(command, check=True, capture_output=True)
        audio, rate = sf.read(raw, dtype="float32")
    with files.replacing(recording) as out:
        sf.write(out, soxr.resample(audio, rate, RATE_HZ), RATE_HZ, format="WAV")
