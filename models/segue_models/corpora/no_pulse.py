"""Sounds without a pulse: noise, rain, drones, random hits and notes, speech, wind, applause; no grid may be believed.

Generated, but for recorded speech of free games and spelling books (`rendering/speakers.py`).
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from scipy.signal import butter, oaconvolve, sosfilt

from segue_models.rendering import analog, mix, speakers, synth
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats, Part, notes
from segue_models.signal.frames import RATE_HZ
from segue_models.track import Track

VERSION = 1
GENERATED = "generated"
SHORTEST_SECONDS, LONGEST_SECONDS = 15.0, 60.0
COUNTS = {
    "noise": 48, "rain": 40, "drone": 56, "hits": 56, "notes": 56, "prose": 40, "speech": 40, "wind": 32,
    "applause": 32,
}  # fmt: skip
VOICES = ("en", "en-us+f3", "de", "fr", "es+f2", "it", "cs", "nl+f4", "pl", "pt-br")
_PROSE = (
    "The committee met on Tuesday and could not agree on anything, least of all on who should pay for the new roof.",
    "In most gardens the trouble begins with water.",
    "He had written to the office twice, and received, after some weeks, a card that thanked him for his interest.",
    "Salt keeps.",
    "What we call a desert is usually full of animals which have the good sense to come out at night.",
    "If the screws are loose, tighten them by a quarter of a turn; if they are not, leave them alone.",
    "My aunt, who distrusted telephones, would hold the receiver at arm's length and shout the price of eggs at it.",
    "Nobody remembers when the ferry stopped running, although the timetable still hangs beside the door of the inn.",
    "Measure the length of the shelf before you cut it, and then, for good luck, measure it again.",
    "Yes, but not today.",
)

Rng = np.random.Generator


def kind(name: str) -> str:
    """What sounds in a clip."""
    return name.split("-")[0]


def split(name: str) -> str:
    """`test` for every second clip, else `validation`; none has a beat to train on."""
    return "test" if int(name.split("-")[1]) % 2 else "validation"


def chosen() -> list[str]:
    """The names of the clips."""
    return [f"{kind}-{number}" for kind, count in COUNTS.items() for number in range(count)]


def _count(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def coloured(seconds: float, slope: float, rng: Rng) -> Samples:
    """Noise whose power falls with frequency to the power `slope`: 0 white, 1 pink, 2 brown, -1 blue."""
    spectrum = np.fft.rfft(rng.standard_normal(_count(seconds)))
    hz = np.fft.rfftfreq(_count(seconds), 1 / RATE_HZ)
    made = np.fft.irfft(spectrum * np.maximum(hz, 20.0) ** (-slope / 2), _count(seconds))
    return np.asarray(made / np.abs(made).max(), dtype=np.float32)


def wander(seconds: float, every: float, rng: Rng) -> Floats:
    """A value between 0 and 1 for each sample that moves to a new one at random times, `every` seconds on average."""
    steps = rng.exponential(every, 3 + round(2 * seconds / every))
    at = np.concatenate([[0.0], np.cumsum(steps)])
    return np.interp(np.arange(_count(seconds)) / RATE_HZ, at, rng.random(len(at)))


def poisson(seconds: float, rate: float, rng: Rng) -> Floats:
    """Times (s) at which nothing but chance strikes, `rate` a second on average."""
    return np.sort(rng.uniform(0, seconds, max(int(rng.poisson(rate * seconds)), 1)))


def noise(seconds: float, rng: Rng) -> Samples:
    """Noise of one colour, steady, swelling or restless."""
    out = coloured(seconds, float(rng.choice([-1.0, 0.0, 0.5, 1.0, 2.0])), rng)
    if rng.random() < 0.3:
        low = float(np.exp(rng.uniform(np.log(80), np.log(4000))))
        out = sosfilt(butter(2, (low, 3 * low), "bandpass", fs=RATE_HZ, output="sos"), out)
    level_db = -float(rng.choice([0.0, 12.0, 40.0])) * wander(seconds, float(rng.uniform(0.3, 10)), rng)
    return np.asarray(out * 10 ** (level_db / 20), dtype=np.float32)


def rain(seconds: float, rng: Rng) -> Samples:
    """Drops: impulses at random times through short resonances, over a bed of noise."""
    bed_db = -float(rng.uniform(20, 60))
    out: Floats = np.zeros(_count(seconds))
    t = np.arange(_count(0.1)) / RATE_HZ
    for _ in range(6):
        hz, decay = float(np.exp(rng.uniform(np.log(400), np.log(7000)))), float(rng.uniform(0.002, 0.02))
        drop, struck = np.sin(2 * np.pi * hz * t) * np.exp(-t / decay), np.zeros(_count(seconds))
        times = poisson(seconds, float(np.exp(rng.uniform(np.log(0.5), np.log(40)))), rng)
        np.add.at(struck, np.minimum((times * RATE_HZ).astype(int), len(struck) - 1), rng.exponential(1.0, len(times)))
        out += np.asarray(oaconvolve(struck, drop)[: len(out)])
    return np.asarray(out + 10 ** (bed_db / 20) * coloured(seconds, 0.5, rng), dtype=np.float32)


def drone(seconds: float, rng: Rng) -> Samples:
    """Partials that beat against each other, each swelling by itself."""
    t, low = np.arange(_count(seconds)) / RATE_HZ, float(rng.uniform(40, 220))
    out = np.zeros(len(t))
    for _ in range(int(rng.integers(4, 14))):
        hz = low * float(rng.choice([1, 1, 1.5, 2, 2, 3, 4, 5, 6])) + float(rng.normal(0, 0.8))
        if rng.random() < 0.3:
            saw = analog.oscillator(hz, len(t), 0.0, float(rng.random()))
            tone = analog.swept(saw.astype(np.float32), np.exp(rng.uniform(np.log(200), np.log(3000), 6)))
        else:
            tone = np.sin(2 * np.pi * (hz * t + float(rng.random())))
        out += tone * wander(seconds, float(rng.uniform(2, 12)), rng) / (hz / low)
    return mix.room(out.astype(np.float32), rng, 2.5, -12.0)


def hits(seconds: float, rng: Rng) -> Samples:
    """Bass drums and bursts of noise at random times."""
    out = np.zeros(_count(seconds), dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        times = poisson(seconds, float(np.exp(rng.uniform(np.log(0.4), np.log(5)))), rng)
        low = float(np.exp(rng.uniform(np.log(200), np.log(6000))))
        band, decay = (low, min(4 * low, 16000.0)), float(rng.uniform(0.01, 0.15))
        kick = rng.random() < 0.4
        made = analog.kick(times, seconds, rng) if kick else analog.burst(times, seconds, band, decay, rng)
        out += mix.scaled(made, -20.0)
    return mix.room(out, rng, float(rng.uniform(0.2, 2.0)), float(rng.uniform(-30, -10)))


def played(seconds: float, rng: Rng) -> Samples:
    """Notes of General MIDI instruments at random times."""
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        times = poisson(seconds - 1.0, float(np.exp(rng.uniform(np.log(0.5), np.log(6)))), rng)
        lengths = rng.exponential(float(rng.uniform(0.2, 2.0)), len(times)) + 0.05
        pitches, loud = rng.integers(36, 96, len(times)), rng.integers(40, 120, len(times))
        rows = np.column_stack([times, times + lengths, pitches, loud]).tolist()
        parts.append(Part(notes(rows), int(rng.integers(0, 112))))
    return mix.room(synth.render(parts, synth.soundfont(str(rng.choice(synth.SOUNDFONTS))), seconds), rng, 1.2, -18.0)


def prose(seconds: float, rng: Rng) -> Samples:
    """Our own prose read by espeak-ng. Raises FileNotFoundError without it."""
    if shutil.which("espeak-ng") is None:
        raise FileNotFoundError("espeak-ng is missing: install the program espeak-ng to render songs.")
    text = " ".join(_PROSE[i] for _ in range(4) for i in rng.permutation(len(_PROSE)))
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "speech.wav"
        how = ["-v", str(rng.choice(VOICES)), "-s", str(rng.integers(110, 220)), "-p", str(rng.integers(20, 80))]
        subprocess.run(["espeak-ng", *how, "-w", str(raw), text], check=True, capture_output=True)
        audio, rate = sf.read(raw, dtype="float32")
    said = np.asarray(soxr.resample(audio, rate, RATE_HZ), dtype=np.float32)[: _count(seconds)]
    return mix.room(said, rng, float(rng.uniform(0.2, 1.5)), float(rng.uniform(-30, -14)))


def speech(seconds: float, rng: Rng) -> Samples:
    """One speaker's recordings, each after a breath or a pause. Raises FileNotFoundError without their packages."""
    found = speakers.recordings()
    paths = found[str(rng.choice(list(found)))]
    out, left = [], _count(seconds)
    while left > 0:
        audio, rate = sf.read(paths[int(rng.integers(len(paths)))], dtype="float32", always_2d=True)
        said = mix.scaled(np.asarray(soxr.resample(audio.mean(axis=1), rate, RATE_HZ), dtype=np.float32), -20.0)
        out += [said, np.zeros(_count(float(rng.exponential(0.4))), dtype=np.float32)]
        left -= len(out[-1]) + len(out[-2])
    return np.concatenate(out)[: _count(seconds)]


def wind(seconds: float, rng: Rng) -> Samples:
    """Noise whose colour and level move slowly."""
    cutoffs = np.exp(rng.uniform(np.log(150), np.log(2500), 2 + round(seconds / rng.uniform(0.7, 4))))
    gusts = analog.swept(analog.swept(coloured(seconds, 1.0, rng), cutoffs), cutoffs)
    return np.asarray(gusts * (0.1 + wander(seconds, float(rng.uniform(1, 5)), rng)), dtype=np.float32)


def applause(seconds: float, rng: Rng) -> Samples:
    """Many people who clap, each at a tempo of their own, and come and go."""
    out = np.zeros(_count(seconds), dtype=np.float32)
    for _ in range(int(rng.integers(25, 90))):
        steps = rng.normal(1.0, 0.08, round(seconds * 6)) / float(rng.uniform(2.2, 5.0))
        times = float(rng.uniform(0, 3)) + np.cumsum(steps)
        times = times[times < min(seconds - 0.1, float(rng.uniform(0.5, 1.5)) * seconds)]
        low = float(rng.uniform(500, 1500))
        out += float(rng.uniform(0.1, 1.0)) * analog.burst(times, seconds, (low, 4 * low), 0.012, rng)
    return mix.room(out, rng, float(rng.uniform(0.5, 2.0)), -8.0)


_MAKERS: dict[str, Callable[[float, Rng], Samples]] = {
    "noise": noise, "rain": rain, "drone": drone, "hits": hits, "notes": played, "prose": prose, "speech": speech,
    "wind": wind, "applause": applause,
}  # fmt: skip


def make(longest_seconds: float, name: str) -> tuple[Track, Samples]:
    """One clip: the same for the same name, always."""
    rng = np.random.default_rng(int(hashlib.sha256(f"segue no pulse {name}".encode()).hexdigest()[:15], 16))
    seconds = min(float(rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)), longest_seconds)
    audio = _MAKERS[kind(name)](seconds, rng)
    peak = float(10 ** rng.uniform(-1.0, -0.05))  # some are soft
    licence = "GPL-2+" if kind(name) == "speech" else GENERATED
    track = Track(
        name=name, corpus="no_pulse", artist=name, licence=licence, audio=Path(), lead=np.empty((0, 2)), trainable=True,
    )  # fmt: skip
    return track, np.asarray(audio * (peak / max(float(np.abs(audio).max()), 1e-6)), dtype=np.float32)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """The 400 clips, made in `cache` where missing; `root` is not read."""
    work = partial(make, LONGEST_SECONDS)
    return rendered(work, chosen(), cache / "no_pulse", VERSION, jobs, "No pulse")
