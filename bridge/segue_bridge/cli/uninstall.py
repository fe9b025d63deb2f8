"""`segue uninstall`: takes our scripts out of a DAW again."""

import click

from segue_bridge import hosts


@click.command()
@click.argument("host", metavar="HOST")
def command(host: str) -> None:
    """Takes our scripts out of HOST again."""
    for line in hosts.find(host).uninstall():
        click.echo(line)
