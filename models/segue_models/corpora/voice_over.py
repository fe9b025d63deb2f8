"""Real singers over rendered backings: CC0 vocal stems with POP909 songs in their tempo, bars and key.

Only POP909 songs of the training part lend their backing, so the other parts stay unheard.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.signal import stft

from segue_models.corpora import evr, pop909
from segue_models.corpora.evr_remix import faster, seed
from segue_models.cuts.cut_rule import phrases, unphrased_spans
from segue_models.rendering import mix
from segue_models.rendering import score as scores
from segue_models.rendering.activity import activity
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import Floats
from segue_models.rendering.production import MAX_SECONDS, backing, onsets_of, over
from segue_models.rendering.score import Score
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track

VERSION = 2
PER_SONG = 10
Rng = np.random.Generator


@dataclass(frozen=True)
class Take:
    """A stretch of a vocal stem: audio (samples,), sung intervals (n, 2) and the beats it was sung to, seconds."""

    audio: Samples
    lead: Floats
    grid: BeatGrid


def take(root: Path, song: str, rng: Rng, max_seconds: float) -> Take:
    """A stretch of `song` from a downbeat, the best filled of six, up to 8 % faster or slower; some phrases muted."""
    stem = evr.stems(root, song)["vocals"]
    factor = float(rng.uniform(0.92, 1.08)) if rng.random() < 0.6 else 1.0
    whole = evr.grid(root, song)
    sung = activity(stem)
    downbeats = whole.times[whole.positions == 1]
    length = max_seconds * factor
    last = max(downbeats[-1] - length, 0.0)
    starts = rng.choice(downbeats[downbeats <= last + 1e-6], 6)
    start = float(max(starts, key=lambda s: _overlap(sung, s, s + length)))
    end = min(start + length, len(stem) / RATE_HZ)
    audio = stem[round(start * RATE_HZ) : round(end * RATE_HZ)].copy()
    grid = evr.excerpt_grid(whole, start, end)
    lead = np.minimum(sung[(sung[:, 0] >= start) & (sung[:, 0] < end)], end) - start
    audio, lead = _thinned(audio, lead, grid, rng)
    scaled = BeatGrid(grid.times / factor, grid.positions, grid.beats_per_bar)
    return Take(faster(audio, factor) if factor != 1.0 else audio, lead / factor, scaled)


def _overlap(spans: Floats, start: float, end: float) -> float:
    return float(np.clip(np.minimum(spans[:, 1], end) - np.maximum(spans[:, 0], start), 0, None).sum())


def _thinned(audio: Samples, lead: Floats, grid: BeatGrid, rng: Rng) -> tuple[Samples, Floats]:
    """Mutes up to 40 % of the phrases with what rings on after them, so that gaps fall where the song had none."""
    spans = phrases(lead, grid)
    muted = rng.random(len(spans)) < rng.uniform(0.0, 0.4)
    gate = np.ones(len(audio), dtype=np.float32)
    first = spans[0, 0] if len(spans) else len(audio) / RATE_HZ
    gate[: max(round((first - 0.25) * RATE_HZ), 0)] = 0.0  # a phrase that began before the stretch
    following = np.append(spans[1:, 0], len(audio) / RATE_HZ) if len(spans) else np.empty(0)
    for (start, _), until in zip(spans[muted], following[muted], strict=True):
        gate[max(round((start - 0.15) * RATE_HZ), 0) : round((until - 0.15) * RATE_HZ)] = 0.0
    ramp = np.hanning(1323)  # 30 ms
    gate = np.convolve(gate, ramp / ramp.sum(), mode="same").astype(np.float32)
    silent = spans[muted]
    keep = [not any(a - 0.01 <= note[0] < b for a, b in silent) for note in lead]
    return audio * gate, lead[keep] if len(lead) else lead


def pitch_classes(audio: Samples) -> tuple[Floats, Floats]:
    """Energy of the 12 pitch classes (frames, 12), 110 to 1760 Hz, and the frame times in seconds."""
    f, t, z = stft(audio, RATE_HZ, nperseg=8192, noverlap=4096, boundary=None)
    band = (f > 110) & (f < 1760)
    classes = np.rint(69 + 12 * np.log2(f[band] / 440)).astype(int) % 12
    power = np.abs(z[band]) ** 2
    return np.stack([power[classes == c].sum(axis=0) for c in range(12)], axis=1), t


def best_key(take: Take, score: Score) -> tuple[int, float]:
    """Transposition (-5 to 6) of the score whose chords hold most of the voice's energy, and that share, 0 to 1."""
    chroma, times = pitch_classes(take.audio)
    shares = np.zeros(12)
    for chord in score.chords:
        heard = chroma[(times >= chord.start) & (times < chord.end)].sum(axis=0)
        for shift in range(12):
            shares[shift] += heard[[(p + shift) % 12 for p in chord.tones]].sum()
    best = int(np.argmax(shares))
    return (best if best <= 6 else best - 12), float(shares[best] / max(chroma.sum(), 1e-12))


def fitted(root: Path, song: str, take: Take, rng: Rng) -> Score | None:
    """A stretch of a POP909 song on the beats of a take (one of its beats may be two), or None."""
    try:
        score = scores.read(root / "pop909", song)
    except ValueError:  # no steady bars to lay on the singer's
        return None
    ratio = take.grid.tempo_bpm / score.grid.tempo_bpm
    step = 2 if ratio > 1.42 else 1
    if abs(np.log2(ratio / step)) > 0.4:
        return None
    first = int(rng.choice(np.rint(score.grid.phase(score.sections)).astype(int)))
    need = -(-len(take.grid.times) // step)
    first = max(min(first, len(score.grid.times) - need), 0)
    first -= (first - int(np.argmax(score.grid.positions == 1))) % 4
    if first < 0 or len(score.grid.times) - first < min(need, 64):
        return None
    own = score.grid
    part = score.excerpt(first, min(first + need, len(own.times)))
    placed = part.retimed(lambda t: np.maximum(take.grid.seconds((own.phase(t) - first) * step), 0.0))
    return replace(placed, grid=take.grid)


def accompanied(root: Path, sung: Take, rng: Rng) -> Score:
    """Of eight POP909 songs the one whose chords fit best, in the voice's key; ValueError if none has its tempo."""
    pool = [s for s in scores.songs(root / "pop909") if pop909.split(s) == "train"]
    fits = []
    for candidate in rng.permutation(pool)[:40]:
        score = fitted(root, str(candidate), sung, rng)
        if score is not None:
            shift, share = best_key(sung, score)
            fits.append((share, shift, score))
        if len(fits) == 8:
            break
    if not fits:
        raise ValueError(f"no POP909 song fits the tempo {sung.grid.tempo_bpm:.0f} BPM")
    _, shift, score = max(fits, key=lambda fit: fit[0])
    return score.retimed(lambda t: t, shift)


def make(root: Path, max_seconds: float, name: str) -> tuple[Track, Samples]:
    """One song over a band."""
    song = name.removeprefix("over-").rsplit("-", 1)[0]
    rng = np.random.default_rng(seed(name))
    sung = take(root, song, rng, max_seconds)
    score = accompanied(root, sung, rng)
    audio, tables = backing(score, root / "groove_midi" / "groove_midi.zip", lasting(sung, score), rng, sung=True)
    voice = mix.equalised(sung.audio[: len(audio)], rng, 3.0)
    if rng.random() < 0.5:
        voice = mix.room(voice, rng, float(rng.uniform(0.3, 1.5)), float(rng.uniform(-26, -14)))
    mixed = over(voice, audio, float(rng.uniform(-2.0, 6.0)))
    return labelled("voice_over", name, song, sung, score, tables), mix.master(mixed, rng)


def lasting(sung: Take, score: Score) -> float:
    """Seconds of a song: as long as there are both voice and chords."""
    return min((len(sung.audio) - 1) / RATE_HZ, max(c.end for c in score.chords) + 2.0)


def labelled(corpus: str, name: str, song: str, sung: Take, score: Score, tables: list[Floats]) -> Track:
    """What is known of a take of `song` with the note tables that play a score to it."""
    seconds = lasting(sung, score)
    sections = score.sections[score.sections < seconds]
    lead = np.minimum(sung.lead[sung.lead[:, 0] < seconds], seconds)
    return Track(
        name=name,
        corpus=corpus,
        artist=evr.ARTIST,
        licence=f"{evr.LICENCE} voice; {pop909.LICENCE}",
        audio=Path(),
        lead=lead,
        grid=score.grid,
        sections=sections,
        section_labels=score.labels[: len(sections)],
        trainable=True,
        voices=(song,),
        onsets=onsets_of(tables),
        unphrased_spans=unphrased_spans(lead, score.grid),
    )


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """40 songs, ten to each EVR song with phrases, rendered into `cache` where missing."""
    names = [f"over-{song}-{k}" for k in range(PER_SONG) for song in evr.SUNG]
    return rendered(
        partial(make, root, MAX_SECONDS), names, cache / "voice_over", VERSION, jobs, "Voices over backings"
    )
