"""`segue evaluate`: the figures of a model on a corpus (extra `train`)."""

from pathlib import Path

import click

from segue_bridge import console, extras


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("corpora", metavar="CORPUS...", nargs=-1, required=True)
def command(model: Path, corpora: tuple[str, ...]) -> None:
    """Measures MODEL (.onnx) on corpora, as it serves."""
    with extras.needs("train", "evaluate"):
        from segue_models.evaluation.evaluate import report

        click.echo(report(model, corpora, console.note))
