"""How well beats are found, and when they are believed, by kind of music: `beat_kinds CORPUS...`.

Songs are heard as `segue mark` hears them, and judged by the scores of `evaluation/beats.py`: those that a corpus sets
aside for tests, or all. Those whose beats are not believed count too.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track as progress

from segue_models import corpora, song
from segue_models.evaluation.beats import scores
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from segue_models.training import songs

NEAR = 0.08  # share of a tempo that is the same one
WRONG = 0.6  # beat F below which beats should not have been believed
COLUMNS = (
    "beat F", "down F", "CMLt", "AMLt", "tempo", "x 2", "metre", "bar", "believed", "their F", "wrongly", "refused",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """What was found of a song; all but `believed` 0 to 1, and nan where the truth is not known.

    tempo, octave: whether its median tempo is the true one, or half or double of it; metre: whether a bar has as many
    beats; bar: whether it is as long.
    """

    believed: bool
    beat_f: float = np.nan
    down_f: float = np.nan
    cmlt: float = np.nan
    amlt: float = np.nan
    tempo: float = np.nan
    octave: float = np.nan
    metre: float = np.nan
    bar: float = np.nan


def judged(truth: BeatGrid | None, found: BeatGrid | None, believed: bool) -> Judged:
    """A song by its true beats, or without any, and what was found."""
    if truth is None:
        return Judged(believed)
    score = scores(truth, found)
    ratio, bars, metre = 0.0, 0.0, False
    if found is not None:
        ratio, bars = found.tempo_bpm / truth.tempo_bpm, _bar(found) / _bar(truth)
        metre = found.beats_per_bar == truth.beats_per_bar
    barless = not truth.positions.any()
    return Judged(
        believed, score["beat F"], score["down F"], score["CMLt"], score["AMLt"], _near(ratio, 1),
        _near(ratio, 2) + _near(ratio, 0.5), np.nan if barless else metre, np.nan if barless else _near(bars, 1),
    )  # fmt: skip


def _bar(grid: BeatGrid) -> float:
    return grid.beats_per_bar * 60 / grid.tempo_bpm


def _near(ratio: float, to: float) -> float:
    return float(abs(ratio / to - 1) <= NEAR)


def heard(track: Track, network: inference.Network) -> Judged:
    """A song, heard as `segue mark` hears it."""
    music = song.hear(audio.read([track.audio]), network)
    found = None if music.beats is None else music.beats.grid.later(music.start)
    return judged(track.grid, found, not music.free_time)


def row(name: str, rows: Sequence[Judged]) -> str:
    """A line of the table: means and shares of all songs, how many are believed, their mean F, how many wrongly."""
    f = [r.beat_f for r in rows if r.believed]
    wrongly = sum(not value >= WRONG for value in f)
    means = [[r.beat_f for r in rows], [r.down_f for r in rows], [r.cmlt for r in rows], [r.amlt for r in rows]]
    shares = [[r.tempo for r in rows], [r.octave for r in rows], [r.metre for r in rows], [r.bar for r in rows]]
    cells = [*(_mean(c, "{:.3f}") for c in means), *(_mean(c, "{:.0%}") for c in shares)]
    cells += [f"{len(f)}", _mean(f, "{:.3f}"), f"{wrongly}", f"{len(rows) - len(f)}"]
    return f"{name:34}{len(rows):5}" + "".join(f"{cell:>9}" for cell in cells)


def in_three(rows: dict[str, list[Judged]]) -> list[str]:
    """How often bars in three and in two times three are told apart, a line each, of the kinds that are named so.

    Their beats are 3:2, so the one is told from the other where its tempo, or an octave of it, is found.
    """
    out = []
    for metre, other in (("6/8", "3/4"), ("3/4", "6/8")):
        told = [r.tempo + r.octave for name, of in rows.items() if metre in name for r in of]
        if told:
            out.append(f"{metre} told from {other}: {np.mean(told):.0%} of {len(told)} songs")
    return out


def _mean(values: Sequence[float], form: str) -> str:
    known = [v for v in values if not np.isnan(v)]
    return form.format(np.mean(known)) if known else "-"


def kind(track: Track) -> str:
    """The corpus of a song, and its kind where the corpus has several."""
    of = getattr(corpora.find(track.corpus), "kind", None)
    return f"{track.corpus} {of(track.name)}" if of else track.corpus


def chosen(names: Sequence[str], most: int | None) -> list[Track]:
    """The songs of these corpora set aside for tests, at most so many of each kind. Raises ValueError."""
    found: dict[str, list[Track]] = {}
    for name in names:
        whole = songs.tracks([name], default_paths(), _log)
        for track in songs.part(whole, "test") or whole:
            found.setdefault(kind(track), []).append(track)
    return [track for tracks in found.values() for track in tracks[:most]]


def report(tracks: Sequence[Track], network: inference.Network) -> str:
    """The table: a row a kind, and how often 6/8 is told from 3/4. The time left is told on stderr."""
    rows: dict[str, list[Judged]] = {}
    for track in progress(tracks, "songs", console=Console(file=sys.stderr)):
        rows.setdefault(kind(track), []).append(heard(track, network))
    head = f"{'kind':34}{'n':>5}" + "".join(f"{name:>9}" for name in COLUMNS)
    return "\n".join([head, *(row(name, of) for name, of in sorted(rows.items())), *in_three(rows)])


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command(help=__doc__)
@click.argument("names", nargs=-1, required=True, metavar="CORPUS...")
@click.option("--songs", "most", type=click.IntRange(min=1), help="At most so many of each kind.")
@click.option("--network", type=click.Path(path_type=Path), default=default_paths().beats, required=True)
def main(names: Sequence[str], most: int | None, network: Path) -> None:
    """Prints the table; exit code 2 with one sentence where it cannot be made."""
    try:
        print(report(chosen(names, most), inference.load(network)))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


if __name__ == "__main__":
    main()
