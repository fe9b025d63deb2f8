"""How far our beats agree with those of independent trackers, by section: `agreement FILE...`.

For recordings whose beats nobody has annotated: agreement is no truth. A row for each recording and each of its
sections; for each tracker F of our beats, then the best F with ours, twice as many or half as many; last the mean of
all pairs of trackers, without us. Needs `pip install ".[trackers]"`; a tracker that is missing is left out, and told.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from segue_models.evaluation.trackers import TRACKERS
from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.signal import audio
from segue_models.song import Song

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

FEWEST_BEATS = 4  # of ours in a section, from which it is judged


@dataclass(frozen=True)
class Agreement:
    """Of our beats with those of one tracker: F within 70 ms, and the best of it with ours, double or half of ours."""

    f: float
    any_octave: float


def agreement(ours: Floats, theirs: Floats, start: float, end: float) -> Agreement:
    """Between start and end, all in seconds; nan where we have next to no beats there."""
    from mir_eval.beat import f_measure

    inside = [ours[(ours >= start) & (ours < end)], theirs[(theirs >= start) & (theirs < end)]]
    if len(inside[0]) < FEWEST_BEATS:
        return Agreement(np.nan, np.nan)
    double = np.interp(np.arange(0, len(inside[0]) - 0.5, 0.5), np.arange(len(inside[0])), inside[0])
    levels = inside[0], double, inside[0][::2], inside[0][1::2]
    fs = [float(f_measure(level, inside[1])) for level in levels]
    return Agreement(fs[0], max(fs))


def tracked(mono: F32) -> dict[str, Floats]:
    """The beats of each tracker that is installed, in seconds of mono samples (n,) at 44.1 kHz."""
    found = {}
    for name, tracker in TRACKERS.items():
        try:
            found[name] = tracker(mono)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def rows(path: Path, hear: Callable[[Sequence[Path]], Song]) -> list[str]:
    """A line for a recording, and one for each of its sections. Raises ValueError where it cannot be heard."""
    heard, sound = hear([path]), audio.read([path])
    ours = np.empty(0) if heard.beats is None else heard.beats.grid.times + heard.start
    found = tracked(np.ascontiguousarray(sound.samples.mean(axis=0), dtype=np.float32))
    spans = [(path.stem, 0.0, sound.duration, "free time" if heard.free_time else "believed")]
    spans += [(f"  {s.label}", s.start + heard.start, s.end + heard.start, "") for s in heard.sections]
    heads = "".join(f"{name:>14}" for name in [*found, "one another"])
    lines = [f"{'':24}{'from':>6}{'to':>7}{'bpm':>7}{'':>11}{heads}"]
    for title, start, end, believed in spans:
        inside = ours[(ours >= start) & (ours < end)]
        bpm = f"{60 / np.median(np.diff(inside)):.1f}" if len(inside) > 1 else "-"
        judged = [agreement(ours, theirs, start, end) for theirs in found.values()]
        judged.append(_mean([agreement(*pair, start, end) for pair in combinations(found.values(), 2)]))
        cells = "".join(map(_cell, judged))
        lines.append(f"{title[:24]:24}{start:6.1f}{end:7.1f}{bpm:>7}{believed:>11}{cells}")
    return lines


def _mean(judged: Sequence[Agreement]) -> Agreement:
    known = [one for one in judged if not np.isnan(one.f)]
    if not known:
        return Agreement(np.nan, np.nan)
    return Agreement(float(np.mean([one.f for one in known])), float(np.mean([one.any_octave for one in known])))


def _cell(judged: Agreement) -> str:
    return f"{'-':>14}" if np.isnan(judged.f) else f"{judged.f:9.2f} {judged.any_octave:.2f}"


@click.command(help=__doc__)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def main(files: Sequence[Path]) -> None:
    """Prints the table; exit code 2 with one sentence where it cannot be made."""
    try:
        hear = listener(default_paths())
        for path in files:
            print("\n".join(rows(path, hear)), flush=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


if __name__ == "__main__":
    main()
