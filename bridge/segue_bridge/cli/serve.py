"""`segue serve`: the daemon that answers the DAW."""

from pathlib import Path

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=9721, show_default=True, help="UDP port on 127.0.0.1.")
@click.option("--spool", type=click.Path(path_type=Path, file_okay=False), help="Folder for hosts without UDP.")
def command(port: int, spool: Path | None) -> None:
    """Answers the DAW over OSC on 127.0.0.1 until it is stopped."""
    from segue_bridge.daemon import serve

    serve(port, spool)
