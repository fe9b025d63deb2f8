"""How many joins worth having a song is shown, and how they step in level: `joins MODEL FILES...`.

For music whose good cuts nobody has marked: songs are heard as `segue mark` hears them. A join counts where it leaps
over more than eight bars, and steps in level by less than 6 dB, of two beats before the exit against two after the
entry.
"""

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track as progress

from segue_models import product
from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.inference import Network
from segue_models.song import Song

BARS, STEP_DB = 8, 6.0
ENOUGH = 5  # joins that count, of a song that is served well


@dataclass(frozen=True)
class Joins:
    """What is shown of a song: numbers of exits, entries and transitions; steps: (long,) dB, of the long transitions.

    entered: different entries of the long transitions that step less than STEP_DB.
    """

    free_time: bool
    exits: int
    entries: int
    transitions: int
    steps: np.ndarray[tuple[int], np.dtype[np.float64]]
    entered: int

    @property
    def good(self) -> int:
        """Number of joins that count."""
        return int((self.steps < STEP_DB).sum())


def judge(heard: Song, network: Network) -> Joins:
    """The joins of a song as the product shows it; a bar of free time is one of four even beats."""
    shown = product.select(*product.score(heard, network), heard.grid)
    bar = heard.grid.beats_per_bar or 4
    leave = np.array([shown.exits.times[t.exit] for t in shown.transitions])
    enter = np.array([shown.entries.times[t.entry] for t in shown.transitions])
    far = np.abs(heard.grid.phase(leave) - heard.grid.phase(enter)) > BARS * bar
    before = np.array([shown.exits.levels[t.exit, 0] for t in shown.transitions])
    after = np.array([shown.entries.levels[t.entry, 1] for t in shown.transitions])
    steps = np.abs(before - after)[far]
    entered = len(np.unique(enter[far][steps < STEP_DB]))
    return Joins(heard.free_time, len(shown.exits.times), len(shown.entries.times), len(leave), steps, entered)


@click.command(help=__doc__)
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(model: Path, files: tuple[Path, ...]) -> None:
    """Print a line for each song, and how many are served well."""
    hear, cuts, served = listener(default_paths()), inference.load(model, threads=1), []
    print(f"{'song':32} exits entries joins long median step below 6 dB entries")
    for file in progress(files, "songs", console=Console(stderr=True), transient=True):
        try:
            found = judge(hear([file]), cuts)
        except ValueError as fault:
            print(f"{file.stem:32.32} {fault}")
            continue
        served.append(found.good >= ENOUGH)
        step = f"{np.median(found.steps):8.1f} dB" if len(found.steps) else f"{'-':>11}"
        free = "  free time" if found.free_time else ""
        print(
            f"{file.stem:32.32} {found.exits:5d} {found.entries:7d} {found.transitions:5d} {len(found.steps):4d} {step}"
            f" {found.good:10d} {found.entered:7d}{free}"
        )
    print(
        f"at least {ENOUGH} joins of more than {BARS} bars below {STEP_DB:g} dB: {sum(served)} of {len(served)} songs"
    )


if __name__ == "__main__":
    main()
