"""Fits the weights of `cuts/section_entry.py` to songs whose score tells where instrumental phrases begin.

python -m segue_models.training.section_entry_fit MODEL rests

They are songs that the networks which serve have not heard. Prints the weights, then how well entries are told by the
cut rule without turns and with them, before and after, on the songs set aside for tests.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from segue_models import product
from segue_models.cuts import cut_rule, section_entry
from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.inference import Network
from segue_models.song import Song
from segue_models.track import Track
from segue_models.training import songs
from segue_models.training.metrics import auc, calibration_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Onsets:
    """The candidates of a song, (onsets,) each. entry: the network's score; rest, turn: what `section_entry` hears.

    sung: entries by the rule without turns; known: by the whole rule.
    """

    entry: Floats
    rest: Floats
    turn: Bools
    opens_bar: Bools
    sung: Bools
    known: Bools


def onsets(track: Track, heard: Song, network: Network) -> Onsets:
    """What is heard of a song's candidates, and what they are. Raises ValueError, ModelError as hearing does."""
    assert track.grid is not None
    found = product.candidates(heard, network)
    assert found.rest is not None
    at = found.times + heard.start
    sung, known = cut_rule.label(at, track.lead, track.grid), cut_rule.label(at, track.lead, track.grid, track.sections)
    return Onsets(found.scores["entry"], found.rest, found.turn, found.opens_bar, sung[0], known[0])


def fit(each: Sequence[Onsets]) -> dict[str, float]:
    """The weights under which the entries that no lead tells are likeliest."""
    x = np.concatenate([section_entry.evidence(o.rest, o.turn, o.opens_bar) for o in each])
    y = np.concatenate([o.known & ~o.sung for o in each])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(x[:, 1:], y)
    weights = [float(model.intercept_[0]), *model.coef_[0].tolist()]
    return {name: round(w, 2) for name, w in zip(section_entry.WEIGHTS, weights, strict=True)}


def figures(each: Sequence[Onsets]) -> str:
    """How well entries are told by the network alone and with turns, by either rule: AUC by song, calibration."""
    lines = [f"{'':24} {'AUC, sung':>10} {'AUC, all':>10} {'calibration error, all':>23}"]
    for name, scored in (
        ("network of cuts", [o.entry for o in each]),
        ("with turns", [section_entry.likely(o.entry, o.rest, o.turn, o.opens_bar) for o in each]),
    ):
        sung, known = (
            np.mean([auc(y, s) for y, s in zip(truth, scored, strict=True) if 0 < y.mean() < 1] or [np.nan])
            for truth in ([o.sung for o in each], [o.known for o in each])
        )
        error = calibration_error(np.concatenate([o.known for o in each]), np.concatenate(scored))
        lines.append(f"{name:24} {sung:10.3f} {known:10.3f} {error:23.3f}")
    return "\n".join(lines)


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _heard(tracks: Sequence[Track], model: Path) -> list[Onsets]:
    hear, cuts, out = listener(default_paths()), inference.load(model, threads=1), []
    for done, track in enumerate(tracks, 1):
        try:
            out.append(onsets(track, hear([track.audio]), cuts))
        except ValueError as fault:  # one song without beats must not end a long run
            _log(f"{track.name}: {fault}")
        if done % 10 == 0 or done == len(tracks):
            _log(f"{done}/{len(tracks)} songs heard")
    return out


@click.command(help=__doc__)
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("corpora", nargs=-1, required=True)
def main(model: Path, corpora: Sequence[str]) -> None:
    """Print the weights, and figures on the songs set aside for tests."""
    tracks = songs.tracks(corpora, default_paths(), _log)
    print(fit(_heard(songs.part(tracks, "validation"), model)))
    print(figures(_heard(songs.part(tracks, "test"), model)))


if __name__ == "__main__":
    main()
