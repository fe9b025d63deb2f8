"""`segue explain`: what made an onset a cut, drawn and in words (extra `explain`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from segue_bridge import batch, console, extras
from segue_bridge.cli.mark import seconds
from segue_bridge.errors import SegueError
from segue_models import files

if TYPE_CHECKING:
    from segue_bridge.explanation import Explanation
    from segue_bridge.result import Analysis

BEATS_TOLD = 3
MORE = 0.02  # than the network says: a score that counts more than it


@click.command()
@click.argument("audio", type=click.Path(path_type=Path))
@click.option("--at", type=seconds, metavar="TIME", required=True, help="Near the onset, as 83.5 or 1:23.5.")
@click.option("--role", type=click.Choice(["exit", "entry"]), show_default="the likelier one", help="Which to explain.")
@click.option("--model", default="cuts", show_default=True, help="Whose answer; `segue models` lists them.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A PNG file.")
def command(audio: Path, at: float, role: Literal["exit", "entry"] | None, model: str, output: Path) -> None:
    """Shows what made an onset of AUDIO a cut, or kept it from it."""
    from segue_bridge import explanation

    _check(audio, at, output)
    explanation.check(model, role)
    with extras.needs("explain", "explain"):
        import segue_exporter.restore  # noqa: F401  # before a minute of analysis is spent
    analysis = _analysis(audio)
    with extras.needs("explain", "explain"):
        found = explanation.explain(audio, analysis, model, at, role)
    from segue_bridge import explanation_picture

    files.write(output, explanation_picture.draw(found, audio.name))
    for line in lines(found):
        click.echo(line)


def _check(audio: Path, at: float, output: Path) -> None:
    """Raise SegueError for what can be told before anything is analysed."""
    from segue_bridge import explanation_picture
    from segue_models.signal import audio as sound

    if output.suffix.lower() != ".png":
        raise SegueError("bad_output", f"{output} would be a picture: give -o a name that ends in .png")
    batch.check_target(output, [audio])
    if output.exists() and not explanation_picture.is_ours(output):
        raise SegueError("bad_output", f"{output} is there and was not made by segue explain: give -o another name")
    try:
        length = sound.info([audio]).duration
    except sound.AudioError as error:
        raise SegueError(error.code, str(error)) from error
    if at > length:
        raise SegueError("bad_region", f"--at {at:g} lies behind the end of {audio.name}, which is {length:.1f} s long")


def _analysis(audio: Path) -> "Analysis":
    from segue_bridge import cached_analysis
    from segue_bridge.result import Options, Region

    with console.progress(audio.name) as report:
        analysis = cached_analysis.analyse(Region((audio,)), Options(), report)
    for warning in analysis.warnings:
        console.note(f"segue: {audio}: {warning}")
    return analysis


def lines(found: "Explanation") -> list[str]:
    """The maps in words: the scores, before and after, frequencies, beats."""
    scores = ", ".join(f"{name} {score:.2f}" for name, score in found.scores.items())
    article = "an " + found.role
    what = f"what makes it {article}" if found.is_cut else f"what keeps it from being {article}"
    said = [f"onset at {found.time:.3f} s: {scores}"]
    if found.shown is not None and found.shown - found.scores[found.role] >= MORE:
        said.append(
            f"marked with {found.shown:.2f}, as a section begins where nobody leads; explained is the network alone"
        )
    return [*said, f"{what}:", *(f"  {line}" for line in _reasons(found))]


def _reasons(found: "Explanation") -> list[str]:
    from segue_bridge.explanation import LOUDER_DB
    from segue_models.signal import gammatone

    absolute = found.maps.absolute
    total = max(float(absolute.sum()), 1e-12)
    before, after = (float(part.sum()) / total for part in (absolute[: found.onset], absolute[found.onset :]))
    hz = gammatone.centres_hz()
    thirds = [
        f"{absolute[:, lo:hi].sum() / total:.0%} {hz[lo]:.0f} to {hz[hi - 1]:.0f} Hz"
        for lo, hi in ((0, 25), (25, 50), (50, len(hz)))
    ]
    louder = [f"{score:.2f}" for score in found.louder]
    return [
        f"{before:.0%} of it is before the onset and {after:.0%} after: a ratio of {before / max(after, 1e-12):.2f}",
        f"were it {LOUDER_DB:g} dB louder before the onset, the score would be {louder[0]}; after it, {louder[1]}",
        f"frequencies: {', '.join(thirds)}",
        f"beats: {', '.join(_beats(found, total))}",
    ]


def _beats(found: "Explanation", total: float) -> Sequence[str]:
    """The beats that carry most, each from itself to the next."""
    shares = []
    for place, _, bar, beat in found.beats:
        part = found.maps.absolute[max(round(place), 0) : max(round(place), 0) + found.cells_per_beat]
        shares.append((float(part.sum()) / total, "no bar" if bar is None else f"bar {bar} beat {beat}"))
    return [f"{share:.0%} {name}" for share, name in sorted(shares, reverse=True)[:BEATS_TOLD]]
