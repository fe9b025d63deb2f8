"""`segue demo`: the main job on a song of our own."""

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Marks the embedded song through the daemon and draws it."""
    from segue_bridge.demo import run

    run(Path.cwd())
