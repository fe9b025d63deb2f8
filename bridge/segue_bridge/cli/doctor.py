"""`segue doctor`: what works here, and what to do where it does not."""

import click


@click.command()
def command() -> None:
    """Says what is installed and whether the main job can run."""
    from segue_bridge.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(finding.line())
    raise click.exceptions.Exit(0 if all(finding.good or not finding.vital for finding in findings) else 1)
