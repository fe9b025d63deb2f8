"""A network for each real song, that heard neither it nor its singer: what figures of these songs are measured with.

python -m segue_exporter.held_out models/recipes/beats_real.toml -o "runs/beats-without-{song}.onnx"
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import click

from segue_exporter.export import export
from segue_models import recipe as recipes
from segue_models.corpora import evr
from segue_models.paths import default_paths
from segue_models.training import songs, tasks
from segue_models.training.train import load, train


def log(line: str) -> None:
    """Progress goes to stderr."""
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("recipe_file", type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", required=True, help="The .onnx files: {song} stands for the song's name.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"))
def main(recipe_file: Path, output: str, runs: Path) -> None:
    """Train RECIPE_FILE once without each of the CC0 songs."""
    if "{song}" not in output:
        raise click.BadParameter("say where the song's name goes: -o 'runs/without-{song}.onnx'")
    recipe = recipes.read(recipe_file)
    examples = tasks.find(recipe.task).load(recipe, default_paths(), log)
    for song in evr.SONGS:
        fold = replace(recipe, name=f"{recipe.name}-without-{song}", data=replace(recipe.data, leave_out=(song,)))
        log(fold.name)
        checkpoint = train(
            fold, songs.training_songs(fold, examples), songs.validation_songs(fold, examples), runs, log
        )
        # torch writes a recurrent network with one fixed length when it exports a second one in a process.
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            fresh.submit(_export, checkpoint, Path(output.replace("{song}", song))).result()


def _export(checkpoint: Path, output: Path) -> None:
    export(*load(checkpoint), output, version="left out")


if __name__ == "__main__":
    main()
