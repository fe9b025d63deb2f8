"""One configuration of a grid, trained and judged: what its record says of it."""

import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from segue_models.architectures import build
from segue_models.corpora import find
from segue_models.paths import default_paths
from segue_models.recipe import Data, Recipe
from segue_models.track import Track
from segue_models.training import songs, tasks
from segue_models.training.examples import Example, prepare
from segue_models.training.grid.configurations import Configuration
from segue_models.training.metrics import auc, bcr
from segue_models.training.train import load, train

SHARES = (0.6, 0.2, 0.2)  # of a limited number of songs, as the paper's split (specs 1.7)
REST_TO_VALIDATE = 0.1  # of the songs that are not the test fold (specs 1.9)


def outcome(configuration: Configuration) -> dict[str, Any]:
    """What a record says of `configuration`, trained; the epoch of the best validation loss is judged.

    `test` and `validation` hold BCR and AUC over the onsets of all songs of the part together, drawn as those that
    are trained on: every cut near a boundary, one other onset for each cut and role (specs 1.2, reading A), the
    same draw for every configuration; a cut is what the network gives more than even odds (specs 1.8). Raises what
    loading and training raise.
    """
    recipe, start, worked = configuration.recipe, time.monotonic(), time.process_time()
    training, validation, test = _examples(configuration)
    with tempfile.TemporaryDirectory(prefix="segue-grid-") as runs:
        best = train(recipe, training, validation, Path(runs), _quiet)
        epochs = len((best.parent / "log.jsonl").read_text(encoding="utf-8").splitlines())
        network, state = load(best)
    norm = (state["mean"], state["std"])
    return {
        "validation": judged(network, recipe, validation, norm),
        "test": judged(network, recipe, test, norm),
        "epochs": epochs,
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "parameters": sum(p.numel() for p in network.parameters()),
        "data": data_of(training, validation, test),
    }


def parts(configuration: Configuration, tracks: Sequence[Track]) -> tuple[list[Track], list[Track], list[Track]]:
    """Training, validation and test songs: each corpus' own split, 60/20/20 % of a limited number, or a fold.

    Songs of one artist are in one fold. Raises ValueError where a part is empty.
    """
    recipe, count = configuration.recipe, configuration.songs
    if configuration.folds:
        training, validation, test = _fold(configuration, _some(tracks, count or len(tracks), recipe.seed))
    else:
        training, validation = songs.training_songs(recipe, tracks), songs.validation_songs(recipe, tracks)
        test = songs.part(tracks, "test")
        if count:
            each = zip((training, validation, test), SHARES, strict=True)
            training, validation, test = (_some(part, round(share * count), recipe.seed) for part, share in each)
    if not (training and validation and test):
        raise ValueError("no songs are left to train on, to validate or to test: take more --songs or fewer --folds")
    return training, validation, test


def _some(tracks: Sequence[Track], count: int, seed: int) -> list[Track]:
    ordered = sorted(tracks, key=lambda t: (t.corpus, t.name))
    return [ordered[i] for i in sorted(np.random.default_rng(seed).permutation(len(ordered))[:count])]


def _fold(configuration: Configuration, tracks: Sequence[Track]) -> tuple[list[Track], list[Track], list[Track]]:
    rng = np.random.default_rng(configuration.recipe.seed)
    artists = rng.permutation(sorted({t.artist for t in tracks})).tolist()
    test = set(artists[configuration.fold :: configuration.folds])
    rest = [a for a in artists if a not in test]
    held = set(rest[: max(1, round(REST_TO_VALIDATE * len(rest)))])
    return (
        [t for t in tracks if t.artist not in test | held],
        [t for t in tracks if t.artist in held],
        [t for t in tracks if t.artist in test],
    )


def _examples(configuration: Configuration) -> list[list[Example]]:
    """Examples of the parts; a song in which no beats were found is left out."""
    data = configuration.recipe.data
    chosen = parts(configuration, _tracks(data.corpora))
    names = sorted((t.corpus, t.name) for part in chosen for t in part)
    made = _prepared(json.dumps(asdict(data)), tuple(names))
    return [[made[t.corpus, t.name] for t in part if (t.corpus, t.name) in made] for part in chosen]


def judged(
    network: torch.nn.Module, recipe: Recipe, examples: Sequence[Example], norm: tuple[Any, Any]
) -> dict[str, Any]:
    """BCR and AUC of a network over the drawn onsets of songs, with their number and the share that are cuts."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)
    scores, labels = [], []
    with torch.no_grad():
        for x, y, _ in tasks.find(recipe.task).batches(recipe, examples, norm, np.random.default_rng(0), False):
            scores.append(network(torch.from_numpy(x).to(device)).float().cpu().numpy()[:, 0])
            labels.append(y[:, 0] > 0.5)
    truth, odds = np.concatenate(labels), np.concatenate(scores).astype(np.float64)
    return {
        "bcr": bcr(truth, odds > 0),
        "auc": auc(truth, odds),
        "onsets": len(truth),
        "positives": float(truth.mean()),
        "songs": len(examples),
    }


def data_of(*parts: Sequence[Example]) -> dict[str, Any]:
    """Which songs a training saw, as a hash over names, true phrases and parts, and the versions of their corpora."""
    sha = hashlib.sha256()
    for part in parts:
        for e in sorted(part, key=lambda e: (e.corpus, e.name)):
            sha.update(f"{e.corpus}/{e.name}".encode())
            sha.update(np.ascontiguousarray(e.phrases).tobytes())
        sha.update(b"|")
    corpora = sorted({e.corpus for part in parts for e in part})
    versions = {c: getattr(find(c), "VERSION", 0) for c in corpora}
    return {"hash": sha.hexdigest()[:16], "versions": versions}


def work(recipe: Recipe) -> float:
    """Floating-point operations of one excerpt, forwards: what an estimate of the time is made of."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network = build(recipe.architecture, **recipe.network)
        network(torch.empty(1, recipe.network["context_cells"], recipe.network["bands"]))
    return float(counter.get_total_flops())


@lru_cache(maxsize=1)
def _tracks(corpora: tuple[str, ...]) -> list[Track]:
    return songs.tracks(corpora, default_paths(), _quiet)


@lru_cache(maxsize=1)  # trainings of one feature and time base come one after the other
def _prepared(data: str, names: tuple[tuple[str, str], ...]) -> dict[tuple[str, str], Example]:
    settings = json.loads(data)
    heard = Data(**{**settings, "corpora": tuple(settings["corpora"])})
    chosen = [t for t in _tracks(heard.corpora) if (t.corpus, t.name) in set(names)]
    return {(e.corpus, e.name): e for e in prepare(chosen, heard, default_paths())}


def _quiet(line: str) -> None:
    """Many trainings at once say nothing of their epochs."""
