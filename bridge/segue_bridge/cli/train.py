"""`segue train`: a recipe in, a checkpoint out (extra `train`)."""

from pathlib import Path

import click

from segue_bridge import console, extras


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default="runs",
    show_default=True,
    help="Folder of checkpoints.",
)
def command(recipe: Path, runs: Path) -> None:
    """Trains what RECIPE (TOML) describes; a stopped run goes on."""
    with extras.needs("train", "train"):
        from segue_models import recipe as recipes
        from segue_models.paths import default_paths
        from segue_models.training import songs, train

        click.echo(songs.run(recipes.read(recipe), train.train, runs, default_paths(), console.note))
