"""`segue study`: an annotator judges, blind, the cuts that count as false (drawing needs the extra `train`)."""

from pathlib import Path

import click

from segue_bridge import console, extras


@click.group()
def command() -> None:
    """Has an annotator judge a model's false cuts."""


@command.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("corpus")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new folder for the study.")
@click.option("--songs", type=click.IntRange(min=1), default=5, show_default=True, help="Test songs drawn.")
@click.option("--onsets", type=click.IntRange(min=1), default=65, show_default=True, help="False positives drawn.")
@click.option("--controls", type=click.IntRange(min=0), default=0, show_default=True, help="True positives among them.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="What decides the draw.")
def draw(model: Path, corpus: str, output: Path, songs: int, onsets: int, controls: int, seed: int) -> None:
    """Draws false positives of MODEL (.onnx) on CORPUS and writes a blind sheet with a clip of every cut."""
    with extras.needs("train", "study"):
        from segue_models.evaluation.study import drawing

        wanted = drawing.Wanted(songs, onsets, controls, seed)
        with console.progress("clips") as progress:
            click.echo(drawing.draw(model, corpus, output, wanted, console.note, progress))


@command.command()
@click.argument("path", metavar="FOLDER|SHEET", type=click.Path(path_type=Path, exists=True))
def report(path: Path) -> None:
    """Reads the answers in a study's FOLDER, or in an answered SHEET that lies in it."""
    with extras.needs("train", "study"):
        from segue_models.evaluation.study import report as answers

        click.echo(answers.report(path))
