"""`segue grid`: a grid of recipes in, one record for each training out (extra `grid`)."""

import shlex
import sys
from pathlib import Path

import click

from segue_bridge import console, extras
from segue_bridge.errors import SegueError


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    show_default="runs/NAME",
    help="Folder of records.",
)
@click.option("--songs", type=click.IntRange(5), help="Take that many songs only: 60/20/20 %.")
@click.option("--epochs", type=click.IntRange(1), help="Train that long at most.")
@click.option("--batch", type=click.IntRange(2), help="Excerpts of one update.")
@click.option("--balanced", type=click.IntRange(1), help="Draw that many of a role, all levels equally often.")
@click.option("--only", multiple=True, metavar="FACTOR=LEVEL", help="Only those of that level; may be repeated.")
@click.option("--folds", type=click.IntRange(2), help="Train each once for every fold of the songs.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Processes at once.", show_default=True)
@click.option("--memory", type=click.FloatRange(0.1), help="Gigabytes a process may take.")
@click.option("--scheduler", metavar="ADDRESS", help="Train on a dask scheduler's machines: tcp://host:8786.")
def command(
    recipe: Path,
    output: Path | None,
    songs: int | None,
    epochs: int | None,
    batch: int | None,
    balanced: int | None,
    only: tuple[str, ...],
    folds: int | None,
    workers: int,
    memory: float | None,
    scheduler: str | None,
) -> None:
    """Trains every configuration of a grid; run again, it goes on."""
    with extras.needs("grid", "grid"):
        from segue_models.training.grid import configurations, runs
        from segue_models.training.grid.balanced import balanced as balanced_part

        chosen = configurations.only(configurations.read(recipe), only)
        if balanced:
            chosen = balanced_part(chosen, balanced, chosen[0].recipe.seed)
        chosen = configurations.scaled(chosen, songs or 0, epochs or 0, folds or 0, batch or 0)
        folder = output or Path("runs") / chosen[0].grid
        where = runs.machines(scheduler) if scheduler else runs.processes(workers, memory or 0.0)
        with where as pool, console.progress(chosen[0].grid) as report:
            failed = runs.run(chosen, folder, pool, f"segue {shlex.join(sys.argv[1:])}", report)
    click.echo(folder)
    if failed:
        said = f"{failed} of {len(chosen)} trainings failed; their records in {folder} say why, a next run tries again"
        raise SegueError("failed", said)
