"""Make the shipped model: train, leave-one-song-out, calibrate on songs not trained on, measure, export.

python -m segue_exporter.release models/recipes/cuts.toml -o bridge/segue_bridge/shipped/cuts.onnx
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np

from segue_exporter.export import Mean, export
from segue_models import inference
from segue_models import recipe as recipes
from segue_models.evaluation import calibrate, leave_one_out
from segue_models.evaluation.evaluate import NOT_JUDGED, REAL, Figures, Scorer, figures, from_onnx, judged, table
from segue_models.evaluation.leave_one_out import Logits
from segue_models.model_card import Calibration, ModelCard
from segue_models.places import places
from segue_models.training import songs
from segue_models.training.examples import ROLES, Example
from segue_models.training.train import load, train

# The two real songs whose licence (CC BY-SA) lets a number fitted on them be shipped.
CALIBRATION = ("Joshua Morin - On the run", "Fantasma_-_Los_Rombos")


def say(line: str) -> None:
    """Progress goes to stderr: stdout carries the table."""
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("recipe_file", type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--members", type=click.IntRange(min=1), default=3, help="Networks of other seeds that are averaged.")
@click.option("--left-out", type=click.IntRange(min=1), default=1, help="As many, for each song that is left out.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--version", default=date.today().isoformat())
def main(recipe_file: Path, output: Path, members: int, left_out: int, runs: Path, version: str) -> None:
    """Train RECIPE_FILE, measure it and write the checked ONNX file."""
    recipe = recipes.read(recipe_file)
    examples = songs.load((*recipe.data.corpora, *REAL), recipe.data.cells_per_beat, places(), say)
    ours = [e for e in examples if e.corpus not in REAL]
    network, state = _trained(recipe, ours, members, runs)
    real = [e.name for e in _of(ours, "evr") if e.name not in NOT_JUDGED]
    held = leave_one_out.held_out(recipes.seeded(recipe, left_out), ours, real, runs, say)
    if not state["trainable"]:
        raise click.ClickException("a song whose licence does not permit it was trained on: nothing is shipped")
    export(network, state, output, version=version)
    calibration, threshold = _calibrated(recipe.roles, _logits(output), examples)
    export(network, state, output, version=version, calibration=calibration, threshold=threshold)
    results = measure(inference.load(output).card, examples, from_onnx(output), _scorer(held, recipe.roles, examples))
    text = {name: [asdict(f) for f in rows] for name, rows in results.items()}
    worst = export(network, state, output, version=version, calibration=calibration, threshold=threshold, figures=text)
    say(f"{output}: {output.stat().st_size / 1e6:.2f} MB, differs from torch by at most {worst:.1g}")
    (runs / f"{recipe.name}.json").write_text(json.dumps(text, indent=1))
    for name, rows in results.items():
        print(f"\n{name}\n{table(rows)}")


def _trained(recipe: recipes.Recipe, ours: Sequence[Example], members: int, runs: Path) -> tuple[Mean, dict[str, Any]]:
    """The recipe trained from `members` seeds: one network that averages them, and what was saved with the first."""
    state: dict[str, Any] = {}
    networks = []
    for member in recipes.seeded(recipe, members):
        checkpoint = train(member, songs.training_songs(member, ours), songs.validation_songs(member, ours), runs, say)
        network, saved = load(checkpoint)
        networks.append(network)
        state = state or saved
    state["recipe"] = {**state["recipe"], "name": recipe.name}
    return Mean(networks), state


def measure(card: ModelCard, examples: Sequence[Example], final: Scorer, held: Scorer) -> dict[str, list[Figures]]:
    """Every table of the README: rendered test songs, real songs never trained on, CC0 songs left out one by one."""
    rendered = [e for e in songs.part(examples, "test") if e.corpus == "pop909"]
    left_out = _of(examples, "evr")
    in_beds = [replace(e, known=np.ones_like(e.known)) for e in left_out]
    sets: list[tuple[str, list[Example], Scorer, bool]] = [
        ("rendered songs not trained on, onsets near section boundaries", rendered, final, True),
        ("rendered songs not trained on, all onsets", rendered, final, False),
        ("evr_cc0_stems, each song and singer left out of training, all onsets", left_out, held, False),
        ("the same with onsets in vocal beds, where no cut counts as good", in_beds, held, False),
        *((f"{c}, never trained on, all onsets", _of(examples, c), final, False) for c in REAL),
    ]
    return {
        name: [figures(part, scorer, role, near, *judged(card, role)) for role in card.calibration]
        for name, part, scorer, near in sets
    }


def _calibrated(
    roles: Sequence[str], logits: Logits, examples: Sequence[Example]
) -> tuple[dict[str, Calibration], dict[str, float]]:
    """Calibration and threshold of each role on songs that were not trained on: real ones and validation's renders."""
    real = [e for e in examples if e.name in CALIBRATION]
    if len(real) != len(CALIBRATION):
        raise click.ClickException(f"the songs to calibrate on are not all there: {', '.join(CALIBRATION)}")
    calibration, threshold = {}, {}
    known = [(e, logits(e)) for e in (*real, *songs.part(examples, "validation"))]
    for role in roles:
        z, labels, weights = _pooled(role, roles.index(role), known)
        calibration[role] = calibrate.fit(z, labels, weights, [e.name for e, _ in known])
        threshold[role] = calibrate.threshold(calibrate.apply(calibration[role], z), labels, weights)
    return calibration, threshold


def _pooled(
    role: str, column: int, known: Sequence[tuple[Example, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log odds, labels and weights, (onsets,) each, of songs; recordings weigh together as much as renders do."""
    z = np.concatenate([z[e.known, column] for e, z in known])
    labels = np.concatenate([e.labels[e.known, ROLES.index(role)] for e, _ in known])
    recorded = np.concatenate([np.full(e.known.sum(), e.corpus in REAL) for e, _ in known])
    counts = np.where(recorded, recorded.sum(), (~recorded).sum())
    return z, labels, len(z) / counts


def _of(examples: Sequence[Example], corpus: str) -> list[Example]:
    return [e for e in examples if e.corpus == corpus]


def _logits(model: Path) -> Logits:
    network = inference.load(model)
    return lambda e: network.logits(e.features.astype(np.float32), e.onset_cells)


def _scorer(held: Mapping[str, Logits], roles: Sequence[str], examples: Sequence[Example]) -> Scorer:
    """Scores of songs left out, by networks calibrated as the one that ships is: on songs that they did not hear."""
    fits = {name: _calibrated(roles, says, examples)[0] for name, says in held.items()}

    def score(e: Example) -> dict[str, np.ndarray]:
        z = held[e.name](e)
        return {role: calibrate.apply(fits[e.name][role], z[:, i]) for i, role in enumerate(roles)}

    return score


if __name__ == "__main__":
    main()
