"""`segue mark`: cut markers of one recording, or of a folder of them."""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue_bridge import batch, console, formats
from segue_bridge.cli._guard import message
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options, Region
from segue_models import files

if TYPE_CHECKING:
    from segue_bridge.made import Made
    from segue_models.beats.user_grid import UserGrid

Progress = Callable[[float, str], None]
LeftOut = list[str]
"""For each recording without a result its name and why."""


def seconds(text: str) -> float:
    """A time in seconds, from 83.5 or 1:23.5; raises BadParameter on anything that is no time."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(0 <= part < float("inf") for part in parts):
        raise click.BadParameter(f"{text!r} is no time: write seconds (83.5) or minutes and seconds (1:23.5).")
    total = 0.0
    for part in parts:
        total = 60 * total + part
    return total


def meter(text: str) -> tuple[int, int]:
    """Beats in a bar and the note that is a beat, from 3/4; raises BadParameter on anything else."""
    from segue_bridge import grid_option
    from segue_models.beats.user_grid import BadGrid

    try:
        return grid_option.meter(text)
    except BadGrid as fault:
        raise click.BadParameter(str(fault)) from fault


class Share(click.FloatRange):
    """A number from 0 to 1; click takes nan for one."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Raises BadParameter on anything else."""
        number = float(super().convert(value, param, ctx))
        if number != number:
            self.fail(f"{value} is not in the range 0<=x<=1.", param, ctx)
        return number


@click.command()
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--start", type=seconds, metavar="TIME", default="0", show_default=True, help="Where the region starts, as 1:23.5."
)
@click.option("--end", type=seconds, metavar="TIME", show_default="the end of the file", help="Where the region ends.")
@click.option(
    "--top", type=click.IntRange(min=1), show_default="20", help="At most so many exits and so many entries, the best."
)
@click.option("--min-score", type=Share(), show_default="0.3", help="Only cuts with at least this score.")
@click.option("--bpm", type=float, metavar="X", help="The tempo, where you know it: beats a minute, all the way.")
@click.option(
    "--meter",
    type=meter,
    metavar="3/4",
    help="The metre: beats in a bar, and the note that is a beat. That note is what --bpm counts: in 6/8 an eighth.",
)
@click.option("--downbeat", type=seconds, metavar="TIME", help="Where a bar begins, any one.")
@click.option(
    "--tempo-map",
    type=click.Path(path_type=Path),
    metavar="FILE.mid",
    help="Tempo and metre of a MIDI file that begins where the recording does, instead of these three.",
)
@click.option("--tempo", type=click.Choice(["double", "half"]), help="Of the tempo that is found.")
@click.option("--shift", type=float, metavar="BEATS", help="Moves the grid so many beats later: 0.5, 1, -1.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(formats.names()),
    show_default="what -o ends in, else table",
    help="Of the result.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    show_default="stdout",
    help="A file, whose ending is the format (.labels.txt for Audacity), or a folder for many recordings.",
)
def command(
    audio: tuple[Path, ...],
    start: float,
    end: float | None,
    top: int | None,
    min_score: float | None,
    format_: str | None,
    output: Path | None,
    tempo_map: Path | None,
    **grid: Any,
) -> None:
    """Marks where AUDIO can be left and entered.

    With several files or a folder, `-o FOLDER` gets one result each. A second run makes only those whose recording,
    options or models have changed, so that a stopped run goes on where it was.

    What you say of tempo, metre and downbeats is taken as told, and the rest is found in the music. The song is not
    heard again for it.
    """
    if end is not None and end <= start:
        raise SegueError("bad_region", f"--end {end:g} is not after --start {start:g}: give a later end")
    options = Options(top=top, min_score=min_score, grid=_grid(tempo_map, grid))
    job = _Job(start, None if end is None else end - start, options)
    if len(audio) > 1 or audio[0].is_dir():
        _many(job, audio, format_, output)
    else:
        _one(job, audio[0], format_, output)


def _grid(tempo_map: Path | None, said: dict[str, Any]) -> "UserGrid | None":
    """What the user says of the grid; None where that is nothing. Raises SegueError."""
    said = {name: value for name, value in said.items() if value is not None}
    if tempo_map is None and not said:
        return None
    from segue_models.beats.user_grid import BadGrid, UserGrid

    if tempo_map is not None:
        from segue_bridge import midi_map

        said["tempo_map"] = midi_map.read(tempo_map)
    try:
        return UserGrid(**said)
    except BadGrid as fault:
        raise SegueError("bad_grid", str(fault)) from fault


@dataclass(frozen=True)
class _Job:
    """What is asked of every recording: region in seconds and options."""

    start: float
    length: float | None
    options: Options

    def __call__(self, path: Path, report: Progress) -> Analysis:
        from segue_bridge import cached_analysis

        analysis = cached_analysis.analyse(Region((path,), self.start, self.length), self.options, report)
        for warning in analysis.warnings:
            console.note(f"segue: {path}: {warning}")
        return analysis

    def of(self, path: Path, format_: str, models: dict[str, str]) -> str:
        """A hash of all that decides the result. Raises OSError."""
        from segue_bridge import __version__  # takes as long to look up as all of `segue --help`

        stat = path.stat()
        recording = [str(path.absolute()), stat.st_size, stat.st_mtime_ns]
        asked = [self.start, self.length, asdict(self.options), format_, models, __version__]
        return hashlib.sha256(json.dumps([*recording, *asked], sort_keys=True).encode()).hexdigest()


def _one(job: _Job, audio: Path, format_: str | None, output: Path | None) -> None:
    if output and output.is_dir():
        output = output / (audio.name + formats.suffix(format_ or "table"))
    if output:
        batch.check_target(output, [audio])
        _spare_recordings(output)
    name = format_ or (formats.for_path(output) if output else "table")
    if not output and formats.is_binary(name) and sys.stdout.isatty():
        raise SegueError("bad_output", f"{name} is nothing to read in a terminal: add -o FILE{formats.suffix(name)}")
    with console.progress(audio.name) as report:
        content = formats.blocks(name, job(audio, report))
    if output:
        files.write(output, content)
        return
    for block in content:
        console.show(block.decode()) if name == "table" else click.echo(block, nl=False)


def _many(job: _Job, audio: tuple[Path, ...], format_: str | None, folder: Path | None) -> None:
    from segue_bridge.made import Made

    name = format_ or "table"
    if folder is None:
        raise SegueError("bad_output", "several recordings give several results: add -o FOLDER for them")
    _check_folder(folder, format_)
    if formats.suffix(name) in batch.AUDIO_SUFFIXES and any(_lies_among(folder, source) for source in audio):
        raise SegueError("bad_output", f"in {folder} the results would pass for recordings: give -o another folder")
    plan = batch.plan(audio, folder, formats.suffix(name))
    left_out: LeftOut = []
    marked = 0
    try:
        marked = _mark(job, plan.jobs, name, Made(folder), left_out)
    finally:
        for line in left_out:
            console.note(f"segue: left out: {line}")
        if plan.passed_over:
            console.note(f"segue: {batch.summary(plan.passed_over)}")
    done = len(plan.jobs) - marked - len(left_out)
    console.note(f"segue: {marked} marked, {done} were done before, {len(left_out)} failed")
    if left_out:
        raise SegueError(
            "failed", f"{len(left_out)} of {len(plan.jobs)} recordings have no result: see the lines above"
        )


def _mark(job: _Job, jobs: list[tuple[Path, Path]], format_: str, made: "Made", left_out: LeftOut) -> int:
    """Make what is to be made, and return how many that were; what cannot be made goes into `left_out`."""
    marked, models = 0, _models()
    with console.progress("segue") as report:
        for number, (source, target) in enumerate(jobs):

            def tell(fraction: float, stage: str, number: int = number, name: str = source.name) -> None:
                report((number + fraction) / len(jobs), f"{number + 1}/{len(jobs)} {name}: {stage}")

            try:
                of = job.of(source, format_, models)
                state = made.state(source, target, of)
                if state == "changed":
                    raise SegueError("bad_output", f"{target} was changed by hand: remove it to have it made again")
                if state == "done":
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                batch.check_target(target, [source for source, _ in jobs])
                files.write(target, formats.blocks(format_, job(source, tell)))
                made.note(target, of)
                marked += 1
            except Exception as fault:  # one recording must not stop the others
                reason = message(fault)[0]
                left_out.append(reason if reason.startswith(str(source)) else f"{source}: {reason}")
                console.note(f"segue: {left_out[-1]}")
    return marked


def _models() -> dict[str, str]:
    from segue_bridge import model_store
    from segue_bridge.result_cache import ResultCache

    return {model.name: ResultCache().sha256([model.path]) for model in model_store.available()}


def _check_folder(folder: Path, format_: str | None) -> None:
    """Raise SegueError where -o names no folder; one that is not there yet must not look like a file."""
    if folder.is_dir():
        return
    if folder.exists():
        raise SegueError("bad_output", f"{folder} is a file, but several results need a folder: give -o another name")
    try:
        meant = formats.for_path(folder)
    except SegueError:
        return
    advice = f"give -o a folder, as {folder.name[: -len(formats.suffix(meant))]}, and --format {format_ or meant}"
    raise SegueError("bad_output", f"{folder} is the name of one file, but each recording gets its own: {advice}")


def _spare_recordings(output: Path) -> None:
    """Raise SegueError where a file is there already that may be somebody's recording."""
    named = {output.suffix.lower(), files.replaced(output).suffix.lower()}
    if output.exists() and named & batch.AUDIO_SUFFIXES:
        raise SegueError("bad_output", f"{output} is there and may be a recording: remove it, or give -o another name")


def _lies_among(folder: Path, source: Path) -> bool:
    """Whether the next run over `source` would find what is written into `folder`."""
    if source.is_dir():
        return folder.resolve().is_relative_to(source.resolve())
    return folder.resolve() == source.resolve().parent
