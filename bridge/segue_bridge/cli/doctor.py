"""`segue doctor`: what works here, and what to do where it does not."""

import click


@click.command()
def command() -> None:
    """Says what is installed and whether the main job can run."""
    from segue_bridge.doctor import examine

    states = []
    for finding in examine():
        click.echo(finding)
        states.append(finding.state)
    raise click.exceptions.Exit(1 if "fault" in states else 0)
