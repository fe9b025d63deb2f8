"""`segue mark`: cut markers of one recording, or of a folder of them."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from segue_bridge import batch, console, formats
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options, Region


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


@click.command()
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--start", type=seconds, metavar="TIME", default="0", help="Where the region starts, as 83.5 or 1:23.5.")
@click.option("--end", type=seconds, metavar="TIME", help="Where the region ends; the end of the file without it.")
@click.option("--top", type=click.IntRange(min=1), help="At most so many exits and so many entries, the best.")
@click.option("--min-score", type=click.FloatRange(0, 1), help="Only cuts with at least this score.")
@click.option(
    "--format", "format_", type=click.Choice(formats.names()), help="Of the result; else from -o, else table."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
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
) -> None:
    """Marks where AUDIO can be left and entered.

    With several files or a folder, `-o FOLDER` gets one result each; a result newer than its recording is kept, so
    that a stopped run goes on where it was.
    """
    if end is not None and end <= start:
        raise SegueError("bad_region", f"--end {end:g} is not after --start {start:g}: give a later end")
    job = _Job(start, None if end is None else end - start, Options(top=top, min_score=min_score))
    if len(audio) > 1 or audio[0].is_dir():
        _many(job, audio, format_ or "table", output)
    else:
        _one(job, audio[0], format_, output)


@dataclass(frozen=True)
class _Job:
    """What is asked of every recording: region in seconds and options."""

    start: float
    length: float | None
    options: Options

    def __call__(self, path: Path, title: str) -> Analysis:
        from segue_bridge import kept

        region = Region((path,), self.start, self.length)
        with console.progress(title) as report:
            analysis = kept.analyse(region, self.options, report)
        for warning in analysis.warnings:
            console.note(f"segue: {warning}")
        return analysis


def _one(job: _Job, audio: Path, format_: str | None, output: Path | None) -> None:
    if output and output.is_dir():
        output = output / (audio.name + formats.suffix(format_ or "table"))
    name = format_ or (formats.for_path(output) if output else "table")
    if output:
        batch.check_target(output, [audio])
        _spare_recordings(output)
    elif formats.is_binary(name) and sys.stdout.isatty():
        raise SegueError("bad_output", f"{name} is nothing to read in a terminal: add -o FILE{formats.suffix(name)}")
    content = formats.blocks(name, job(audio, audio.name))
    if output:
        console.write(output, content)
        return
    for block in content:
        click.echo(console.paint(block.decode()) if name == "table" else block, nl=False)


def _many(job: _Job, audio: tuple[Path, ...], name: str, folder: Path | None) -> None:
    if folder is None:
        raise SegueError("bad_output", "several recordings give several results: add -o FOLDER for them")
    if folder.exists() and not folder.is_dir():
        raise SegueError("bad_output", f"{folder} is a file, but several results need a folder: give -o another name")
    if formats.suffix(name) in batch.AUDIO_SUFFIXES and any(_lies_among(folder, source) for source in audio):
        raise SegueError("bad_output", f"in {folder} the results would pass for recordings: give -o another folder")
    jobs = batch.plan(audio, folder, formats.suffix(name))
    todo = [(source, target) for source, target in jobs if not batch.is_done(source, target)]
    failed = 0
    for number, (source, target) in enumerate(todo, start=1):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            batch.check_target(target, [source for source, _ in jobs])
            console.write(target, formats.blocks(name, job(source, f"{number}/{len(todo)} {source.name}")))
        except SegueError as fault:
            failed += 1
            console.note(f"segue: {source}: {fault}")
    console.note(f"segue: {len(todo) - failed} marked, {len(jobs) - len(todo)} were done before, {failed} failed")
    if failed:
        raise SegueError("failed", f"{failed} of {len(jobs)} recordings have no result: see the lines above")


def _spare_recordings(output: Path) -> None:
    """Raise SegueError where a file is there already that may be somebody's recording."""
    if output.exists() and output.suffix.lower() in batch.AUDIO_SUFFIXES:
        raise SegueError("bad_output", f"{output} is there and may be a recording: remove it, or give -o another name")


def _lies_among(folder: Path, source: Path) -> bool:
    """Whether the next run over `source` would find what is written into `folder`."""
    if source.is_dir():
        return folder.resolve().is_relative_to(source.resolve())
    return folder.resolve() == source.resolve().parent
