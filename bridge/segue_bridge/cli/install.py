"""`segue install`: puts our scripts where a DAW looks for them."""

import click

from segue_bridge import hosts


@click.command()
@click.argument("host", metavar="HOST")
def command(host: str) -> None:
    """Puts the scripts for HOST where it looks for them."""
    for line in hosts.find(host).install():
        click.echo(line)
