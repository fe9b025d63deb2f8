"""How many entries and exits the cut rule gives a song, with turns and without: `rule_counts CORPUS...`.

Counted are the onsets near section boundaries, annotated ones or those that `segue mark` hears, that lie in no bed of
voices.
"""

import sys
from collections.abc import Iterable, Sequence

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track as progress

from segue_models.cuts import cut_rule
from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.song import Song
from segue_models.track import Track
from segue_models.training import songs

# Stoller, Akkermans and Dixon 2018: 28108 cuts of 311 songs, 19049 entries, 19747 exits, 10688 both.
PAPER = np.array([np.nan, 19049, 19747, 10688]) / 311
COLUMNS = ("onsets", "entries", "exits", "both")


def counts(track: Track, heard: Song, turns: bool) -> NDArray[np.float64]:
    """COLUMNS of one song; turns: whether sections are entered where nobody leads."""
    sections = track.sections if len(track.sections) else np.array([s.start for s in heard.sections]) + heard.start
    grid = track.grid or heard.grid.later(heard.start)
    found = heard.onsets + heard.start
    found = found[cut_rule.in_window(found, grid, sections)]
    for first, last in track.unphrased_spans:
        found = found[(found < first) | (found >= last)]
    entries, exits = cut_rule.label(found, track.lead, grid, sections if turns else [])
    return np.array([len(found), entries.sum(), exits.sum(), (entries & exits).sum()], dtype=np.float64)


def table(rows: Iterable[tuple[str, int, NDArray[np.float64]]]) -> str:
    """A line for each (name, number of songs, their mean COLUMNS)."""
    lines = [f"{'a song':32} {'songs':>5}" + "".join(f"{name:>9}" for name in COLUMNS)]
    for name, number, means in rows:
        cells = "".join(f"{'-':>9}" if np.isnan(mean) else f"{mean:9.1f}" for mean in means)
        lines.append(f"{name:32} {number:5d}{cells}")
    return "\n".join(lines)


@click.command(help=__doc__)
@click.argument("corpora", nargs=-1, required=True)
def main(corpora: Sequence[str]) -> None:
    """Print a line for each corpus and rule."""
    where = default_paths()
    hear = listener(where)
    tracks = songs.tracks(corpora, where, lambda line: print(line, file=sys.stderr))
    told = []
    for track in progress(tracks, "songs", console=Console(stderr=True), transient=True):
        heard = hear([track.audio])
        told.append((track.corpus, counts(track, heard, False), counts(track, heard, True)))
    rows = []
    for corpus in dict.fromkeys(name for name, *_ in told):
        without, with_turns = zip(*(rest for name, *rest in told if name == corpus), strict=True)
        rows.append((corpus, len(without), np.mean(without, axis=0)))
        rows.append((f"{corpus}, with turns", len(with_turns), np.mean(with_turns, axis=0)))
    rows.append(("the paper's annotator", 311, PAPER))
    print(table(rows))


if __name__ == "__main__":
    main()
