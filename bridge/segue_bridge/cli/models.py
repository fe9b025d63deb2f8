"""`segue models`: which networks are installed, and their cards."""

import json
from dataclasses import asdict

import click

from segue_bridge import console
from segue_bridge.errors import SegueError


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Lists the models, or prints the card of NAME."""
    from segue_bridge import model_store

    if name is not None:
        click.echo(json.dumps(asdict(model_store.network(name).card), ensure_ascii=False, indent=1))
        return
    left_out = dict(model_store.left_out())
    for sentence in left_out.values():
        console.note(f"segue: left out: {sentence}")
    models = [m for m in model_store.available() if m not in left_out or m.name in model_store.SERVED]
    if not models:
        raise SegueError("no_model", f"no model is installed: reinstall segue, or put one into {model_store.folder()}")
    for model in models:
        try:
            card = model_store.network(model.name).card
        except SegueError:  # the user's own cuts, told above
            continue
        origin = "shipped" if model.shipped or model in left_out else model.path
        click.echo(f"{model.name}   {card.task}, version {card.version}, {origin}")
        for songs, rows in card.figures.items():
            found = (f"{row['role']} AUC {row['auc']:.3f}, BCR {row['bcr']:.3f}" for row in rows)
            click.echo(f"    {songs}: {'; '.join(found)}")
        for data in card.training_data:
            click.echo(f"    trained on {data.get('corpus', '?')} ({data.get('licence', 'licence unknown')})")
