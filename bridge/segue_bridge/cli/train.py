"""`segue train`: a recipe in, a checkpoint out (extra `train`)."""

from pathlib import Path

import click

from segue_bridge import extras


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(recipe: Path) -> None:
    """Trains what RECIPE (TOML) describes, from its last checkpoint on."""
    with extras.needs("train", "train"):
        from segue_models.training.train import train

        click.echo(train(recipe))
