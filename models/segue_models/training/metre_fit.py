"""Fits the weights of `beats/metre.py` to rendered songs whose beats are known, as a conditional logit (McFadden 1974).

python -m segue_models.training.metre_fit openewld freedoom_drumless freedoom groove odd_metres breakdowns

How usual a tempo, a bar's length and bars of two are is not fitted: renders are played in any tempo, and most count
two bars of two as one of four. Those weights were chosen with `evr_cc0_stems` and `ultrastar_cc` in sight.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from segue_models import song
from segue_models.beats import metre, tracking
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.inference import Network
from segue_models.signal import audio
from segue_models.track import Track
from segue_models.training import songs
from segue_models.training.cache import Arrays, cached

Floats = NDArray[np.float64]

VERSION = 1
RIDGE = 0.02
AS_GOOD = 0.05  # of the sum of both F: readings this near to the best are as good
GIVEN = ("bar far from usual", "octaves from usual tempi", "2 beats", "bass", "onsets")


@dataclass(frozen=True)
class Choice:
    """A song's readings. evidence: (readings, weights); score: (readings,) F of the beats plus F of the downbeats."""

    evidence: Floats
    score: Floats

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which readings are as good as the best."""
        return np.asarray(self.score >= self.score.max() - AS_GOOD)


def choice(track: Track, network: Network) -> Choice:
    """What is heard of a song's readings, and how good each is. Raises tracking.NoBeats, and what reading raises."""
    from mir_eval.beat import f_measure, trim_beats

    heard = song.hear(audio.read([track.audio]), network)
    assert track.grid is not None
    truth = track.grid.later(-heard.start)
    tatums = tracking.tatums(heard.front_end, heard.beat_activations)
    readings = list(metre.readings(heard.front_end, tatums, heard.beat_activations))

    def f(true: Floats, found: Floats) -> float:
        return float(f_measure(trim_beats(true), trim_beats(found)))

    beats: dict[tuple[int, int], float] = {}
    bars: dict[tuple[int, int], float] = {}
    for r in readings:
        key, bar = (r.tatums, r.first % r.tatums), (r.tatums * r.beats, r.first)
        if key not in beats:
            beats[key] = f(truth.times, tatums[key[1] :: key[0]])
        if bar not in bars:
            bars[bar] = f(truth.times[truth.positions == 1], tatums[bar[1] :: bar[0]])
    score = [beats[r.tatums, r.first % r.tatums] + bars[r.tatums * r.beats, r.first] for r in readings]
    return Choice(np.array([r.evidence for r in readings]), np.array(score))


def fit(choices: Sequence[Choice], given: dict[str, float]) -> dict[str, float]:
    """The weights under which good readings are likeliest, those of `given` as they are."""
    scale = np.maximum(np.concatenate([c.evidence for c in choices]).std(axis=0), 1e-6)
    fixed = np.array([given.get(name, np.nan) for name in metre.WEIGHTS]) * scale
    free = np.isnan(fixed)

    def loss(x: Floats) -> tuple[float, Floats]:
        weights = np.where(free, 0.0, fixed)
        weights[free] = x
        total, slope = 0.0, np.zeros(len(weights))
        for c in choices:
            z = c.evidence / scale
            odds = z @ weights
            likely = np.exp(odds - odds.max())
            right = likely * c.good
            total -= float(np.log(right.sum() / likely.sum() + 1e-300))
            slope -= (right / max(float(right.sum()), 1e-300) - likely / likely.sum()) @ z
        return total / len(choices) + RIDGE * float(x @ x), slope[free] / len(choices) + 2 * RIDGE * x

    found = minimize(loss, np.zeros(np.count_nonzero(free)), jac=True, method="L-BFGS-B").x
    weights = fixed.copy()
    weights[free] = found
    return dict(zip(metre.WEIGHTS, (weights / scale).round(2).tolist(), strict=True))


def _choices(tracks: Sequence[Track], network: Network, cache: Path) -> list[Choice]:
    key = f"{VERSION}|{network.card.version}|{','.join(metre.WEIGHTS)}"
    out = []
    for done, track in enumerate(tracks, 1):

        def make(track: Track) -> Arrays:
            try:
                made = choice(track, network)
            except tracking.NoBeats:
                return {"evidence": np.empty((0, len(metre.WEIGHTS))), "score": np.empty(0)}
            return {"evidence": made.evidence, "score": made.score}

        kept = cached(cache / "metre_fit", track, key, make)
        if len(kept["score"]):
            out.append(Choice(kept["evidence"].astype(np.float64), kept["score"].astype(np.float64)))
        if done % 20 == 0 or done == len(tracks):
            _log(f"{done}/{len(tracks)} songs heard")
    return out


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("corpora", nargs=-1, required=True)
def main(corpora: Sequence[str]) -> None:
    """Prints the weights fitted to the songs of CORPORA that are not set aside for tests."""
    where = default_paths()
    if where.beats is None:
        raise click.ClickException("the network of beats is missing")
    tracks = [t for t in songs.tracks(corpora, where, _log) if t.grid is not None]
    chosen = [t for part in ("train", "validation") for t in songs.part(tracks, part)]
    given = {name: metre.WEIGHTS[name] for name in GIVEN}
    for name, weight in fit(_choices(chosen, inference.load(where.beats), where.cache), given).items():
        click.echo(f'"{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
