"""`segue export`: a checkpoint in, a checked ONNX file out (extra `export`)."""

from pathlib import Path

import click

from segue_bridge import batch, extras


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The .onnx file.")
@click.option("--version", default="0", show_default=True, help="What the model's card calls it.")
def command(checkpoint: Path, output: Path, version: str) -> None:
    """Writes CHECKPOINT as a checked ONNX file with its card."""
    batch.check_target(output, [checkpoint])
    with extras.needs("export", "export"):
        from segue_exporter.export import from_checkpoint

        click.echo(from_checkpoint(checkpoint, output, version))
