"""Make the shipped model: train, leave-one-song-out, calibrate on recordings not heard, measure, export.

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

from segue_exporter.export import Gate, Mean, export
from segue_models import recipe as recipes
from segue_models.cuts import scoring
from segue_models.evaluation import leave_one_out, shown
from segue_models.evaluation.evaluate import NOT_JUDGED, REAL, Figures, Scorer, figures, from_onnx, judged, table
from segue_models.evaluation.leave_one_out import Logits
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.model_card import Calibration, ModelCard
from segue_models.training import calibrate, gate, songs
from segue_models.training.batches import normalisation
from segue_models.training.examples import ROLES, Example
from segue_models.training.train import load, train

Known = tuple[Example, np.ndarray]  # a song, and log odds (onsets, outputs) by networks that did not hear it
Fit = tuple[dict[str, Calibration], dict[str, float]]  # calibration and threshold of each role

# The two real songs never trained on whose licence (CC BY-SA) lets a number fitted on them be shipped.
CALIBRATION = ("Joshua Morin - On the run", "Fantasma_-_Los_Rombos")


def log(line: str) -> None:
    """Progress goes to stderr: stdout carries the table."""
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.argument("recipe_file", type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--version", default=date.today().isoformat())
def main(recipe_file: Path, output: Path, runs: Path, version: str) -> None:
    """Train RECIPE_FILE, measure it and write the checked ONNX file."""
    recipe = recipes.read(recipe_file)
    heard = replace(recipe.data, corpora=(*recipe.data.corpora, *REAL))
    examples = songs.examples(heard, default_paths(), log)
    ours = [e for e in examples if e.corpus not in REAL]
    network, state = _trained(recipe, ours, runs)
    real = {e.name: e for e in _of(ours, "evr") if e.name not in NOT_JUDGED}
    held = _held_out(recipe, ours, list(real), runs)
    if not state["trainable"]:
        raise click.ClickException("a song whose licence does not permit it was trained on: nothing is shipped")
    export(network, state, output, version=version)
    away = {name: (real[name], says(real[name])) for name, says in held.items()}
    calibration, threshold = _fit(recipe.roles, _logits(output), examples, list(away.values()))
    export(network, state, output, version=version, calibration=calibration, threshold=threshold)
    fits = _fits(held, away, recipe.roles, examples)
    scorer = _scorer(from_onnx(output), away, fits, recipe.roles)
    results = measure(inference.load(output).card, examples, scorer, fits)
    text = {name: [asdict(f) for f in rows] for name, rows in results.items()}
    worst = export(network, state, output, version=version, calibration=calibration, threshold=threshold, figures=text)
    log(f"{output}: {output.stat().st_size / 1e6:.2f} MB, differs from torch by at most {worst:.1g}")
    (runs / f"{recipe.name}.json").write_text(json.dumps(text, indent=1))
    for name, rows in results.items():
        print(f"\n{name}\n{table(rows)}")
    where = default_paths()
    print(f"\n{shown.table(shown.judge_all(songs.tracks(REAL, where, log), output, where, log))}")


def _trained(recipe: recipes.Recipe, ours: Sequence[Example], runs: Path) -> tuple[Mean, dict[str, Any]]:
    """The recipe's networks, averaged in one, and what was saved with the first."""
    state: dict[str, Any] = {}
    kinds, networks = recipes.kinds(recipe), []
    for member in (member for kind in kinds for member in kind):
        part = songs.training_songs(member, ours), songs.validation_songs(member, ours)
        network, saved = load(train(member, *part, runs, log))
        networks.append(network)
        state = state or saved
        if not np.array_equal(state["mean"], saved["mean"]):
            raise click.ClickException(
                f"{member.name} hears other corpora than the first: give them the weight 0 instead"
            )
    state["recipe"] = recipe.as_dict()
    if not recipe.music:
        return Mean(networks), state
    norm = state["mean"], state["std"]
    fitted = gate.fit(songs.training_songs(recipe, ours), recipe.music, norm)
    return Mean(networks, len(kinds[-1]), Gate(gate.silent(norm), fitted.slope, fitted.offset)), state


def _held_out(recipe: recipes.Recipe, ours: Sequence[Example], names: Sequence[str], runs: Path) -> dict[str, Logits]:
    """Log odds for each song left out, by networks that heard neither it nor its singer, mixed as in the model."""
    kinds = [leave_one_out.held_out(kind, ours, names, runs, log) for kind in recipes.kinds(recipe, left_out=True)]
    return {name: _mixed(recipe, ours, name, [kind[name] for kind in kinds]) for name in names}


def _mixed(recipe: recipes.Recipe, ours: Sequence[Example], without: str, says: Sequence[Logits]) -> Logits:
    """Log odds of each kind averaged: as the gate has it that was fitted without a song, else alike."""
    if not recipe.music:
        return lambda e: np.asarray(np.mean([kind(e) for kind in says], axis=0))
    heard = songs.training_songs(replace(recipe, data=replace(recipe.data, leave_out=(without,))), ours)
    norm = normalisation(heard)
    fitted = gate.fit(heard, recipe.music, norm)

    def mixed(e: Example) -> np.ndarray:
        theirs = calibrate.apply(fitted, np.array([gate.change(e, norm)]))[0]
        return np.asarray((1 - theirs) * says[0](e) + theirs * says[1](e))

    return mixed


def measure(
    card: ModelCard, examples: Sequence[Example], scorer: Scorer, fits: Mapping[str, Fit]
) -> dict[str, list[Figures]]:
    """Every table of the README: rendered test songs, real songs never trained on, CC0 songs left out one by one.

    Songs left out are judged by thresholds fitted without them, their own of `fits`.
    """
    rendered = [e for e in songs.part(examples, "test") if e.corpus == "pop909"]
    left_out = _of(examples, "evr")
    in_beds = [replace(e, known=np.ones_like(e.known)) for e in left_out]
    real = [e for corpus in REAL for e in _of(examples, corpus)]
    sets: list[tuple[str, list[Example], bool]] = [
        ("rendered songs not trained on, onsets near section boundaries", rendered, True),
        ("rendered songs not trained on, all onsets", rendered, False),
        ("evr_cc0_stems, each song and singer left out of training, all onsets", left_out, False),
        ("the same with onsets in vocal beds, where no cut counts as good", in_beds, False),
        *((f"{c}, never trained on, all onsets", _of(examples, c), False) for c in REAL),
        (f"{', '.join(REAL)} and evr_cc0_stems together", [*real, *left_out], False),
    ]
    out: dict[str, list[Figures]] = {name: [] for name, *_ in sets}
    for role in card.calibration:
        threshold, fitted_on = judged(card, role)
        least = {e.name: fits[e.name][1][role] if e.name in fits else threshold for e in examples}
        seen = [name for name in fitted_on if name not in fits]
        for name, part, near in sets:
            out[name].append(figures(part, scorer, role, near, least, seen))
    return out


def _fit(roles: Sequence[str], says: Logits, examples: Sequence[Example], away: Sequence[Known]) -> Fit:
    """Calibration and threshold of each role on songs that were not heard; `away` are those left out.

    Calibrated on recordings alone: on renders a network is surer of itself than it may be. The threshold depends on no
    promise, so renders have a say in it. Raises ClickException where a song of CALIBRATION is missing.
    """
    real = [e for e in examples if e.name in CALIBRATION]
    if len(real) != len(CALIBRATION):
        raise click.ClickException(f"the songs to calibrate on are not all there: {', '.join(CALIBRATION)}")
    never = [(e, says(e)) for e in real]
    renders = [(e, says(e)) for e in songs.part(examples, "validation")]
    calibration, threshold = {}, {}
    for role in roles:
        fitted_on = [e.name for e, _ in (*never, *away)]
        calibration[role] = calibrate.fit(*_pooled(roles, role, never, away), fitted_on)
        z, labels, weights = _pooled(roles, role, [*never, *away], renders)
        threshold[role] = calibrate.threshold(calibrate.apply(calibration[role], z), labels, weights)
    return calibration, threshold


def _pooled(roles: Sequence[str], role: str, *groups: Sequence[Known]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log odds, labels and weights, (onsets,) each, of groups of songs; every group weighs the same."""
    known = [song for group in groups for song in group]
    z = np.concatenate([z[e.known, roles.index(role)] for e, z in known])
    labels = np.concatenate([e.labels[e.known, ROLES.index(role)] for e, _ in known])
    counts = [sum(int(e.known.sum()) for e, _ in group) for group in groups]
    return z, labels, np.repeat([len(z) / (len(groups) * n) for n in counts], counts)


def _of(examples: Sequence[Example], corpus: str) -> list[Example]:
    return [e for e in examples if e.corpus == corpus]


def _logits(model: Path) -> Logits:
    network = inference.load(model)
    return lambda e: scoring.log_odds(network, e.features.astype(np.float32), e.onset_cells)


def _fits(
    held: Mapping[str, Logits], away: Mapping[str, Known], roles: Sequence[str], examples: Sequence[Example]
) -> dict[str, Fit]:
    """For each song left out what the model that ships is fitted on, but the song, by networks that did not hear it."""
    return {
        song: _fit(roles, says, examples, [known for name, known in away.items() if name != song])
        for song, says in held.items()
    }


def _scorer(final: Scorer, away: Mapping[str, Known], fits: Mapping[str, Fit], roles: Sequence[str]) -> Scorer:
    """Scores of the model that ships, but of each song left out by its own networks and fit."""

    def score(e: Example) -> dict[str, np.ndarray]:
        if e.name not in fits:
            return final(e)
        z, (calibration, _) = away[e.name][1], fits[e.name]
        return {role: calibrate.apply(calibration[role], z[:, i]) for i, role in enumerate(roles)}

    return score


if __name__ == "__main__":
    main()
