"""How good cuts in free time are: `free_time MODEL FILE|CORPUS...`.

Of recordings in free time: what is shown with onsets alone, then with swells too. Joins and their steps in level are
those of `evaluation/joins.py`: of more than eight bars, which are 16 s here.

Where somebody sings to beats it is known what cuts are good: songs of a corpus are judged as `segue evaluate` judges
what is shown, as they are heard, then as if no beats were believed.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from segue_models import corpora
from segue_models.evaluation import joins, shown
from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.inference import Network
from segue_models.song import HEARD, Song
from segue_models.training import songs

Hear = Callable[[Sequence[Path]], Song]


def without_beats(heard: Song) -> Song:
    """The same song, as if no beats had been found; what was heard of it is not heard again."""
    free = replace(heard, user=None)
    free.__dict__.update({part: getattr(heard, part) for part in HEARD}, beats=None)
    return free


def row(name: str, heard: Song, cuts: Network) -> str:
    """A line of the table of recordings."""
    onsets = without_beats(heard)
    onsets.__dict__["swells"] = np.empty(0)
    cells = []
    for each in (onsets, without_beats(heard)):
        found = joins.judge(each, cuts)
        middle = f"{np.median(found.steps):.1f}" if len(found.steps) else "-"
        numbers = (found.exits, found.entries, len(found.steps), found.good, middle)
        cells.append("".join(f"{number:>8}" for number in numbers))
    return f"{name[:24]:24}{heard.duration:7.0f}" + " |".join(cells)


def of_recordings(files: Sequence[Path], hear: Hear, cuts: Network) -> str:
    """The table of recordings; those that have beats are left out, and named. Raises ValueError."""
    head = "".join(f"{name:>8}" for name in ("exits", "entries", "joins", "< 6 dB", "step"))
    lines, left = [f"{'onsets alone | swells too':24}{'s':>7}" + " |".join([head, head])], []
    for path in files:
        heard = hear([path])
        if heard.free_time:
            lines.append(row(path.stem, heard, cuts))
        else:
            left.append(path.stem)
    return "\n".join([*lines, *([f"not in free time: {', '.join(left)}"] if left else [])])


def of_songs(names: Sequence[str], hear: Hear, cuts: Network) -> str:
    """The tables of songs whose good cuts are known: as they are heard, and without beats. Raises ValueError."""
    as_heard, free = [], []
    for track in songs.tracks(names, default_paths(), lambda line: print(line, file=sys.stderr)):
        heard = hear([track.audio])
        sections = track.sections if len(track.sections) else np.array([s.start + heard.start for s in heard.sections])
        ruled = replace(track, grid=track.grid or heard.grid.later(heard.start), sections=sections)  # one rule for both
        as_heard.append(shown.judge(ruled, heard, cuts))
        free.append(shown.judge(ruled, without_beats(heard), cuts))
    return "\n".join(["as they are heard", shown.table(as_heard), "as if no beats were believed", shown.table(free)])


@click.command(help=__doc__)
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1, required=True, metavar="FILE|CORPUS...")
def main(model: Path, names: Sequence[str]) -> None:
    """Prints the tables; exit code 2 with one sentence where they cannot be made."""
    known = [name for name in names if name in corpora.names()]
    files = [Path(name) for name in names if name not in known]
    try:
        hear, cuts = listener(default_paths()), inference.load(model, threads=1)
        if files:
            print(of_recordings(files, hear, cuts))
        if known:
            print(of_songs(known, hear, cuts))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


if __name__ == "__main__":
    main()
