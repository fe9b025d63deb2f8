"""Electronic production: a score on synthesisers and a drum machine, its voice tuned, filtered, echoed and chopped."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from segue_models.cuts.cut_rule import phrases
from segue_models.rendering import analog, mix
from segue_models.rendering.arrange import answers_of, pad_of, voicing
from segue_models.rendering.lead import sounding
from segue_models.rendering.mix import Samples
from segue_models.rendering.notes import START, Floats, notes
from segue_models.rendering.production import Song, duration, onsets_of, over, treated
from segue_models.rendering.score import Score
from segue_models.rendering.voice import Voice, sing
from segue_models.signal.frames import RATE_HZ, BeatGrid

Rng = np.random.Generator
Plan = dict[str, Floats]
"""When each layer plays: (stretches, 2) seconds."""

SHARES = {"drums": 0.75, "bass": 0.7, "pad": 0.6, "pluck": 0.6, "voice": 0.7}  # of the stretches, for each layer
LEVELS_DB = {"bass": -20.0, "pad": -24.0, "pluck": -24.0, "lead": -26.0}
FIGURES = ((0, 0, 1, 0), (1, 1, 1, 1), (0, 0, 1, 1), (1, 0, 0, 1))  # sixteenths of a beat that a bass plays
CHOPPED = 0.5  # share of the songs whose rests hold bits of the voice


def plan(grid: BeatGrid, rng: Rng) -> Plan:
    """Which layers play when: 8, 16 or 32 beats from a downbeat, each stretch with one layer at least."""
    rows: dict[str, list[tuple[float, float]]] = {layer: [] for layer in SHARES}
    at, count = int(np.argmax(grid.positions == 1)), len(grid.times)
    while at < count:
        last = min(at + int(rng.choice([8, 16, 16, 32])), count)
        playing = [layer for layer, share in SHARES.items() if rng.random() < share] or ["pad"]
        for layer in playing:
            rows[layer].append((float(grid.seconds(float(at))), float(grid.seconds(float(last)))))
        at = last
    return {layer: np.array(spans).reshape(-1, 2) for layer, spans in rows.items()}


def within(times: Floats, spans: Floats) -> NDArray[np.bool_]:
    """Which of the times (n,) lie in one of the spans (m, 2), 20 ms early ones too: (n,)."""
    t = times[:, None] + 0.02
    return np.asarray(np.any((t >= spans[:, 0]) & (t < spans[:, 1]), axis=1))


def _steps(score: Score, grid: BeatGrid, step: float) -> list[tuple[int, float, float, int]]:
    """Each step of `step` beats under a chord: its number, start and end (s), and the chord's."""
    out = []
    for number, chord in enumerate(score.chords):
        first, last = (round(float(p) / step) for p in grid.phase([chord.start, chord.end]))
        ticks = grid.seconds(np.arange(first, last + 1) * step)
        out += [(first + k, float(ticks[k]), float(ticks[k + 1]), number) for k in range(last - first) if ticks[k] >= 0]
    return out


def arpeggio(score: Score, grid: BeatGrid, rng: Rng) -> Floats:
    """Chord tones over two octaves one after the other, in sixteenths or eighths, with a rhythm of rests."""
    step, low = float(rng.choice([0.25, 0.25, 0.5])), int(rng.integers(55, 74))
    order, gate = rng.permutation(8), rng.random(16) < rng.uniform(0.5, 1.0)
    rows = []
    for k, start, end, number in _steps(score, grid, step):
        if gate[k % 16]:
            tones = voicing(score.chords[number], low)
            tones += [tone + 12 for tone in tones]
            pitch = float(tones[order[k % 8] % len(tones)])
            rows.append((start, start + 0.9 * (end - start), pitch, float(rng.uniform(60, 110))))
    return notes(rows)


def bass(score: Score, grid: BeatGrid, rng: Rng) -> Floats:
    """The chords' bass notes in one rhythm of sixteenths."""
    figure = FIGURES[int(rng.integers(len(FIGURES)))]
    rows = []
    for k, start, end, number in _steps(score, grid, 0.25):
        if figure[k % 4]:
            pitch = float(28 + (score.chords[number].bass - 28) % 12)
            rows.append((start, start + 0.9 * (end - start), pitch, float(rng.uniform(85, 115))))
    return notes(rows)


def drums(grid: BeatGrid, spans: Floats, seconds: float, rng: Rng) -> tuple[Samples, Floats, Floats]:
    """A drum machine: audio, the times of its kicks and of all its hits (s); noise rises into some stretches."""
    beats = np.arange(len(grid.times), dtype=np.float64)

    def struck(at: Floats) -> Floats:
        times = np.sort(grid.seconds(at))
        return np.asarray(times[within(times, spans)])

    kicks = struck(beats if rng.random() < 0.7 else np.concatenate([beats[::2], beats[1::2] + 0.5]))
    claps = struck(beats[grid.positions % 2 == 0])
    hats = struck(np.concatenate([beats + part for part in ([0.5] if rng.random() < 0.5 else [0, 0.25, 0.5, 0.75])]))
    clap_hz, clap_s = (float(rng.uniform(300, 1200)), float(rng.uniform(4000, 12000))), float(rng.uniform(0.03, 0.12))
    hat_hz, hat_s = (float(rng.uniform(5000, 9000)), 16000.0), float(rng.uniform(0.01, 0.06))
    parts = [
        mix.scaled(analog.kick(kicks, seconds, rng), -14.0),
        mix.scaled(analog.burst(claps, seconds, clap_hz, clap_s, rng), float(rng.uniform(-24, -17))),
        mix.scaled(analog.burst(hats, seconds, hat_hz, hat_s, rng), float(rng.uniform(-30, -22))),
    ]
    for start in spans[rng.random(len(spans)) < 0.35, 0]:
        length = float(rng.choice([4, 8, 16])) * 60 / grid.tempo_bpm
        parts.append(mix.scaled(analog.riser(start - length, start, seconds, rng), -22.0))
    return np.sum(parts, axis=0, dtype=np.float32), kicks, np.sort(np.concatenate([kicks, claps, hats]))


def backing(score: Score, grid: BeatGrid, on: Plan, seconds: float, rng: Rng) -> tuple[Samples, list[Floats]]:
    """Everything but the voice, and the note tables of its parts."""
    out, kicks, hits = drums(grid, on["drums"], seconds, rng)
    tables = {"bass": bass(score, grid, rng), "pad": pad_of(score, rng), "pluck": arpeggio(score, grid, rng)}
    tables = {layer: table[within(table[:, START], on[layer])] for layer, table in tables.items()}
    if rng.random() < 0.5:
        tables["lead"] = answers_of(score, rng)
    t60, beat = float(rng.uniform(0.4, 2.4)), 60 / grid.tempo_bpm
    depth = float(rng.uniform(0, 0.9)) * (rng.random() < 0.7)
    for layer, table in tables.items():
        stem = analog.play(table, analog.patch(layer, rng), seconds, rng)
        if layer != "bass" and rng.random() < 0.6:
            stem = analog.swept(stem, np.exp(rng.uniform(np.log(400), np.log(12000), int(rng.integers(2, 9)))))
        if layer in ("pluck", "lead") and rng.random() < 0.6:
            stem = _delayed(stem, beat, rng)
        stem = mix.scaled(stem, LEVELS_DB[layer] + float(rng.uniform(-5, 4)))
        if layer != "bass":
            stem = mix.room(stem, rng, t60, float(rng.uniform(-24, -8)))
        out = out + analog.ducked(stem, kicks, depth, beat)
    struck = notes([(t, t + 0.1, 36.0, 100.0) for t in hits])
    return mix.equalised(out, rng, 3.0), [*tables.values(), struck]


def _delayed(stem: Samples, beat_s: float, rng: Rng) -> Samples:
    apart = beat_s * float(rng.choice([0.5, 0.75, 1.0]))
    return mix.echo(stem, apart, float(rng.uniform(0.3, 0.6)), float(rng.uniform(-12, -5)))


def chopped(stem: Samples, lead: Floats, grid: BeatGrid, rng: Rng) -> tuple[Samples, Floats]:
    """A dry voice with bits of itself repeated in half of its rests, and when it sounds now: (n, 2) seconds."""
    if not len(lead):
        return stem, lead
    out, rows = stem.copy(), lead.tolist()
    edges = [0.0, *phrases(lead, grid).ravel().tolist(), len(stem) / RATE_HZ]
    for end, start in zip(edges[0::2], edges[1::2], strict=True):
        first, last = float(np.ceil(grid.phase(end) + 0.5)), float(np.floor(grid.phase(start) - 0.5))
        step, gate = float(rng.choice([0.25, 0.5, 0.5, 1.0])), rng.random(8) < rng.uniform(0.4, 1.0)
        last = min(last, first + float(rng.choice([2, 4, 8, 16])))
        origin = round(float(rng.choice(lead[:, 0])) * RATE_HZ)
        bit = stem[origin : origin + round(0.9 * step * 60 / grid.tempo_bpm * RATE_HZ)]
        bit = bit * np.minimum(1.0, np.minimum(np.arange(len(bit)), np.arange(len(bit))[::-1]) / 441).astype(np.float32)
        if last - first < 2 or rng.random() < 0.5:
            continue
        for k, at in enumerate(grid.seconds(np.arange(first, last, step))):
            if gate[k % 8] and at >= 0:
                place = round(float(at) * RATE_HZ)
                out[place : place + len(bit)] += bit[: len(out) - place]
                rows.append([float(at), float(at) + len(bit) / RATE_HZ])
    return out, np.array(sorted(rows)).reshape(-1, 2)


def voiced(stem: Samples, beat_s: float, rng: Rng) -> Samples:
    """A dry voice as electronic music treats it: sometimes through a narrow filter, distorted, echoed."""
    if rng.random() < 0.35:
        band = (float(rng.uniform(150, 700)), float(rng.uniform(2200, 9000)))
        stem = sosfilt(butter(2, band, "bandpass", fs=RATE_HZ, output="sos"), stem).astype(np.float32)
    if rng.random() < 0.3:
        stem = np.tanh(stem / max(float(np.abs(stem).max()), 1e-6) * float(rng.uniform(2, 8))).astype(np.float32)
    stem = treated(stem, beat_s, rng)
    return _delayed(stem, beat_s, rng) if rng.random() < 0.4 else stem


def sung(melody: Floats, grid: BeatGrid, spans: Floats) -> Floats:
    """The notes (n, 4) that begin in the spans, or up to a beat before: all of them where none does."""
    starts, beat_s = melody[:, START], 60 / grid.tempo_bpm
    kept = within(starts, spans) | within(starts + beat_s, spans)
    return np.asarray(melody[kept]) if kept.any() else melody


def produce(score: Score, grid: BeatGrid, voice: Voice, rng: Rng) -> Song:
    """A song from a score (already excerpted) on the beats of `grid`, sung by `voice`."""
    seconds = duration(score)
    on = plan(grid, rng)
    audio, tables = backing(score, grid, on, seconds, rng)
    stem, melody = sing(voice, sung(score.melody, grid, on["voice"]), seconds, rng)
    lead = sounding(stem, melody)
    if rng.random() < CHOPPED:
        stem, lead = chopped(stem, lead, grid, rng)
    stem = voiced(stem, 60 / grid.tempo_bpm, rng)
    audio = over(stem, audio, float(rng.uniform(-10.0, 6.0)))
    return Song(mix.master(audio, rng), score, lead, onsets_of([*tables, melody]))
