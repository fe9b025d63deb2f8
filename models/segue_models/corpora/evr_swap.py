"""Everything is Free, swapped: the phrases of one song, sung by another singer, over the real backing of another song.

So that no backing belongs to one voice, nor a gap to one place. Sodium lends its backing only.
"""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d

from segue_models.corpora import evr
from segue_models.corpora.evr_remix import faster, seed
from segue_models.corpora.voice_over import pitch_classes
from segue_models.cuts import cut_rule
from segue_models.rendering import mix, revoice
from segue_models.rendering.activity import activity
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.rendering.production import over
from segue_models.rendering.revoice import Phrase, Singer
from segue_models.rendering.voice import HOP_S
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track

VERSION = 2
PER_PAIR = 10  # of each of the 16 pairs of a voice and another song's backing
MAX_SECONDS = 90.0
INSTRUMENTAL = 0.2  # share of the songs with a long stretch without singing
LONG_BEATS = 8.0  # a phrase this long may end at its next breath
BALANCE_DB = (-10.0, 6.0)  # of the voice over the backing: some mixes bury it
VOICED = 0.5  # a phrase with less of one pitch is a choir, which WORLD turns into a whisper
Rng = np.random.Generator
Plan = list[tuple[Phrase, float]]  # phrases, and the beat of the backing where each starts


def spans(lead: Floats, grid: BeatGrid) -> Floats:
    """Phrases (n, 2), seconds, of sung intervals (n, 2); long ones are divided where the singer breathes."""
    starts = cut_rule.phrases(lead, grid)[:, 0]
    out: list[list[float]] = []
    for start, end in lead:
        if start in starts or start > grid.seconds(grid.phase(out[-1][0]) + LONG_BEATS):
            out.append([start, end])
        out[-1][1] = end
    return np.array(out).reshape(-1, 2)


def sung(root: Path, cache: Path, song: str) -> list[Phrase]:
    """The phrases of one voice in a song's vocal stem, analysed once."""
    grid = evr.grid(root, song)

    def analysed() -> list[Phrase]:
        stem = evr.stems(root, song)["vocals"]
        return revoice.analyse(stem, spans(activity(stem), grid))

    found = revoice.kept(cache / "voices" / f"{song}_phrases", analysed)
    beats = [grid.phase(p.end) - grid.phase(p.start) for p in found]
    return [p for p, n in zip(found, beats, strict=True) if n <= cut_rule.BED_BEATS and np.mean(p.f0 > 0) >= VOICED]


def backing(root: Path, song: str, seconds: float, rng: Rng) -> tuple[dict[str, Samples], BeatGrid]:
    """A stretch of the stems of a song but its voice, from a downbeat, and its beats; sometimes one stem less."""
    parts = evr.stems(root, song)
    parts.pop("vocals")
    whole = evr.grid(root, song)
    downbeats = whole.times[whole.positions == 1]
    length = len(parts["drums"]) / RATE_HZ
    start = float(rng.choice(downbeats[downbeats <= max(length - seconds, 0.0)]))
    if rng.random() < 0.25:
        parts.pop(str(rng.choice(sorted(parts))))
    cut = slice(round(start * RATE_HZ), round((start + seconds) * RATE_HZ))
    return {name: stem[cut] for name, stem in parts.items()}, evr.excerpt_grid(whole, start, start + seconds)


def step(own: BeatGrid, grid: BeatGrid) -> float:
    """Beats of the singer's song in one of the backing's: 1, or 2 or a half where that is nearer in tempo."""
    return float(2 ** np.rint(np.log2(own.tempo_bpm / grid.tempo_bpm)))


def plan(phrases: list[Phrase], own: BeatGrid, grid: BeatGrid, rng: Rng) -> Plan:
    """Phrases in their order from any one on, each where it was in the bar; some left out, rests longer by bars."""
    bar, scale, first = grid.beats_per_bar, step(own, grid), int(np.argmax(own.positions == 1))
    beats = [(own.phase([p.start, p.end]) - first) / scale for p in phrases]
    left_out = rng.uniform(0.0, 0.4)
    earliest, i, out = float(rng.integers(0, 4 * bar)), int(rng.integers(len(phrases))), []
    while True:
        start, end = beats[i]
        at = earliest + (start - earliest + 1e-6) % bar - 1e-6
        if at + end - start > len(grid.times) - 1:
            break
        if rng.random() >= left_out:
            out.append((phrases[i], at))
        i = (i + 1) % len(phrases)
        rest = beats[i][0] - end
        earliest = at + end - start + (rest if 0 <= rest < 2 * bar else 0.0)
        earliest += bar * int(rng.choice([0, 1, 2, 4], p=[0.65, 0.2, 0.1, 0.05]))
    if rng.random() < INSTRUMENTAL:
        silent = rng.uniform(0.35, 0.7) * len(grid.times)
        since = rng.uniform(0.0, len(grid.times) - silent)
        out = [(p, at) for p, at in out if not since <= at < since + silent]
    return out


def places(phrase: Phrase, at: float, own: BeatGrid, grid: BeatGrid) -> tuple[float, Floats]:
    """When a placed phrase's first frame sounds, seconds, and the recording's second of every frame from there on."""
    scale, start = step(own, grid), own.phase(phrase.start)
    begin, until = grid.seconds(at + (own.phase([phrase.begin, phrase.until]) - start) / scale)
    begin = max(begin, 0.0)
    t = np.arange(begin, until, HOP_S)
    return float(begin), own.seconds(start + (grid.phase(t) - at) * scale)


def best_key(placed: Plan, pitched: Samples, own: BeatGrid, grid: BeatGrid) -> int:
    """Semitones (-5 to 6) by which the voice agrees best with the pitch classes of the backing around each note."""
    chroma, times = pitch_classes(pitched)
    heard = np.sqrt(np.maximum(uniform_filter1d(chroma, 11, axis=0), 0.0))  # over 1 s; its rounding dips below 0
    heard /= np.maximum(heard.sum(axis=1, keepdims=True), 1e-9)
    shares = np.zeros(12)
    for phrase, at in placed:
        begin, place = places(phrase, at, own, grid)
        f0 = phrase.f0[np.clip(np.rint((place - phrase.begin) / HOP_S).astype(int), 0, len(phrase.f0) - 1)]
        now = np.searchsorted(times, begin + np.flatnonzero(f0 > 0) * HOP_S).clip(0, len(times) - 1)
        notes = np.rint(69 + 12 * np.log2(f0[f0 > 0] / 440)).astype(int)
        for shift in range(12):
            shares[shift] += heard[now, (notes + shift) % 12].sum()
    best = int(np.argmax(shares))
    return best if best <= 6 else best - 12


def voice(placed: Plan, own: BeatGrid, grid: BeatGrid, key: int, by: Singer, samples: int) -> Samples:
    """The dry voice (samples,) of all placed phrases, `key` semitones higher."""
    out = np.zeros(samples, dtype=np.float32)
    for phrase, at in placed:
        begin, place = places(phrase, at, own, grid)
        first = round(begin * RATE_HZ)
        audio = revoice.resung(phrase, place, key, by)[: samples - first]
        out[first : first + len(audio)] += audio
    return out


def make(root: Path, cache: Path, name: str) -> tuple[Track, Samples]:
    """One song, the same for the same name."""
    singing, playing = name.removeprefix("swap-").rsplit("-", 2)[:2]
    rng = np.random.default_rng(seed(name))
    factor = float(rng.uniform(0.97, 1.03))
    parts, grid = backing(root, playing, MAX_SECONDS * factor, rng)
    own = evr.grid(root, singing)
    placed = plan(sung(root, cache, singing), own, grid, rng)
    out = np.zeros(len(next(iter(parts.values()))), dtype=np.float32)
    pitched = sum((stem for part, stem in parts.items() if part != "drums"), start=out)
    key = best_key(placed, pitched, own, grid)
    dry = voice(placed, own, grid, key, revoice.singer(rng), len(out))
    for part, stem in sorted(parts.items()):
        stem = mix.equalised(stem, rng) * np.float32(10 ** (rng.uniform(-5, 3) / 20))
        if part != "drums" and rng.random() < 0.5:
            stem = mix.room(stem, rng, float(rng.uniform(0.3, 1.8)), float(rng.uniform(-24, -12)))
        out += stem
    wet = mix.equalised(dry, rng)
    if rng.random() < 0.7:
        wet = mix.room(wet, rng, float(rng.uniform(0.3, 1.8)), float(rng.uniform(-24, -12)))
    track = Track(
        name=name,
        corpus="evr_swap",
        artist=evr.ARTIST,
        licence=evr.LICENCE,
        audio=Path(),
        lead=activity(dry) / factor,
        grid=BeatGrid(grid.times / factor, grid.positions, grid.beats_per_bar),
        trainable=True,
        voices=(singing, playing),
    )
    return track, mix.master(faster(over(wet, out, float(rng.uniform(*BALANCE_DB))), factor), rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """160 songs, ten to each pair of a voice and another song's backing, rendered into `cache` where missing."""
    pairs = [(a, b) for a in evr.SUNG for b in evr.SONGS if a != b]
    names = [f"swap-{a}-{b}-{k}" for k in range(PER_PAIR) for a, b in pairs]
    return rendered(partial(make, root, cache), names, cache / "evr_swap", VERSION, jobs, "EVR voices swapped")
