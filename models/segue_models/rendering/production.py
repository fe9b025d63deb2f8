"""Production: one finished song from a score, a lead and a seed."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segue_models.rendering import mix
from segue_models.rendering.arrange import arrange, harmony, humanised
from segue_models.rendering.lead import play, program, sounding
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import START, Floats
from segue_models.rendering.score import Score
from segue_models.rendering.synth import SOUNDFONTS, render, soundfont
from segue_models.rendering.voice import Voice, sing
from segue_models.signal.frames import RATE_HZ

Rng = np.random.Generator
_TAIL_S = 2.0
MAX_SECONDS = 120.0


@dataclass(frozen=True)
class Song:
    """A rendered song: audio (samples,), the score as played, lead notes as heard (notes, 2), all onsets (s)."""

    audio: Samples
    score: Score
    lead: Floats
    onsets: Floats


def excerpted(score: Score, rng: Rng, max_seconds: float = MAX_SECONDS) -> Score:
    """The score in a new tempo and key, cut to at most `max_seconds` from a section start, after a short silence."""
    bpm = score.grid.tempo_bpm
    factor = float(rng.uniform(0.88, 1.2)) * (1.25 if bpm < 66 else 0.85 if bpm > 140 else 1.0)
    transpose, silence = int(rng.integers(-5, 7)), float(rng.uniform(0.1, 1.2))
    beats = len(score.grid.times)
    most = int((max_seconds - silence - _TAIL_S) * bpm * factor / 60)
    first = int(np.flatnonzero(score.grid.positions == 1)[0])
    if beats - first > most:
        edges = np.rint(score.grid.phase(score.sections)).astype(int)
        fits = edges[edges <= beats - most + 16]
        first = int(rng.choice(fits)) if len(fits) else first
    last = min(first + most // 4 * 4, beats)
    part = score.excerpt(first, last)
    origin = part.grid.times[0]
    return part.retimed(lambda t: silence + (t - origin) / factor, transpose)


def duration(score: Score) -> float:
    """Seconds of the song made of a score: its beats, and what rings on."""
    return float(score.grid.seconds(float(len(score.grid.times)))) + _TAIL_S


def onsets_of(tables: list[Floats]) -> Floats:
    """Distinct note starts (onsets,) of all parts: of starts within 30 ms of another only the first stays."""
    starts = np.sort(np.concatenate([t[:, START] for t in tables if len(t)])) if tables else np.empty(0)
    kept: list[float] = []
    for start in starts:
        if not kept or start - kept[-1] > 0.03:
            kept.append(float(start))
    return np.array(kept)


def _placed(stem: Samples, level_db: float, t60: float, wet_db: float, rng: Rng) -> Samples:
    if not stem.any():
        return stem
    return mix.room(mix.equalised(mix.scaled(stem, level_db), rng), rng, t60, wet_db)


def backing(
    score: Score, groove: Path, seconds: float, rng: Rng, sung: bool, without: Collection[str] = ()
) -> tuple[Samples, list[Floats]]:
    """Everything but the lead, mixed to about -20 dB, and the note tables; `without` groups of the Arrangement."""
    font = soundfont(str(rng.choice(SOUNDFONTS, p=[0.5, 0.4, 0.1])))
    plan = replace(arrange(score, groove, rng, sung), **{group: [] for group in without})
    parts = replace(
        plan,
        chords=[replace(p, notes=humanised(p.notes, rng)) for p in plan.chords],
        answers=[replace(p, notes=humanised(p.notes, rng)) for p in plan.answers],
    )
    t60 = float(rng.uniform(0.25, 1.8))
    groups = (parts.chords, parts.answers, parts.bass, parts.drums)
    audio = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for group, level, wet in zip(groups, (-22.0, -24.0, -22.0, -21.0), (-14.0, -12.0, -40.0, -20.0), strict=True):
        stem = render(group, font, seconds)
        audio += _placed(stem, level + float(rng.uniform(-4, 4)), t60, wet + float(rng.uniform(-5, 3)), rng)
    return audio, [p.notes for p in parts.parts]


def treated(stem: Samples, beat_s: float, rng: Rng) -> Samples:
    """A dry lead as a producer treats it: levelled, equalised, in a room, sometimes with a delay in time."""
    stem = mix.equalised(mix.compressed(stem, float(rng.uniform(1.2, 3.5))), rng, 4.0)
    if rng.random() < 0.35:
        fraction = float(rng.choice([0.5, 0.75, 1.0]))
        stem = mix.echo(stem, beat_s * fraction, float(rng.uniform(0.1, 0.45)), float(rng.uniform(-22, -10)))
    return mix.room(stem, rng, float(rng.uniform(0.3, 2.4)), float(rng.uniform(-22, -8)))


def over(lead: Samples, audio: Samples, balance_db: float) -> Samples:
    """Lead and backing together, the lead `balance_db` louder in the voice band (each where it sounds)."""
    there, now = mix.presence(audio), mix.presence(lead)
    gain = 10 ** (balance_db / 20) * (there / now if there > 0 and now > 0 else 1.0)
    return (audio + gain * lead).astype(np.float32)


def produce(score: Score, voice: Voice | None, groove: Path, rng: Rng, without: Collection[str] = ()) -> Song:
    """A song from a score (already excerpted): its melody sung by `voice`, or played on a General MIDI program.

    without: groups of the Arrangement that are left out.
    """
    seconds = duration(score)
    audio, tables = backing(score, groove, seconds, rng, voice is not None, without)
    melody = humanised(score.melody, rng, 0.015)
    second = harmony(score, rng) if rng.random() < 0.3 else np.empty((0, 4))
    if voice is None:
        gm, font = program(rng), soundfont(str(rng.choice(SOUNDFONTS, p=[0.6, 0.3, 0.1])))
        stem, heard = play(melody, gm, font, seconds)
        below = play(second, gm, font, seconds)[0] if len(second) else None
    else:
        stem, sung = sing(voice, melody, seconds, rng)
        heard = sounding(stem, sung)
        below = sing(voice, second, seconds, rng)[0] if len(second) else None
    if below is not None:
        stem = stem + mix.scaled(below, 20 * np.log10(max(mix.loudness(stem), 1e-6)) - float(rng.uniform(4, 10)))
    stem = treated(stem, 60 / score.grid.tempo_bpm, rng)
    audio = over(stem, audio, float(rng.uniform(-3.0, 6.0)))
    return Song(mix.master(audio, rng), score, heard, onsets_of([*tables, melody]))
