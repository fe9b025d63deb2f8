"""The annotator's study (specs 1.12): cuts that count as false, judged blind by someone who edits music.

`draw` makes a folder: `sheet/` is for the annotator, `key.json` says which line is what and `predictions.csv` what the
model said of every onset. `report.py` reads the answers.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from segue_models.evaluation.evaluate import NOT_JUDGED, Scorer, from_onnx, judged
from segue_models.evaluation.study import clips, sheet
from segue_models.paths import Paths, default_paths
from segue_models.serving import inference
from segue_models.serving.model_card import ModelCard
from segue_models.track import Track
from segue_models.training import songs
from segue_models.training.examples import ROLES, Example

Log = Callable[[str], None]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one onset in one role; time in seconds; good: by the labels."""

    song: str
    role: str
    time: float
    score: float
    predicted: bool
    good: bool


@dataclass(frozen=True)
class Wanted:
    """How many songs, false positives and true ones (controls) are drawn, and by which seed."""

    songs: int = 5
    onsets: int = 65
    controls: int = 0
    seed: int = 1


def freeze(examples: Sequence[Example], scorer: Scorer, card: ModelCard) -> list[Prediction]:
    """Predictions of the judged onsets: near section boundaries where a song has some, as in the paper, else all."""
    out: list[Prediction] = []
    for e in (e for e in examples if e.name not in NOT_JUDGED):
        scores = scorer(e)
        rows = np.flatnonzero(e.near_boundary if e.near_boundary.any() else e.known)
        for role in (r for r in ROLES if r in scores):
            least, good = judged(card, role)[0], e.labels[:, ROLES.index(role)]
            for i in rows:
                time, score = round(float(e.onset_times[i]), 4), float(scores[role][i])
                out.append(Prediction(e.name, role, time, round(score, 6), score >= least, bool(good[i])))
    return out


def sample(predictions: Sequence[Prediction], wanted: Wanted) -> tuple[list[str], list[Prediction]]:
    """Names of the drawn songs, and the drawn lines of the sheet in its order; all there are where they are fewer.

    Raises ValueError where the songs have no false positives.
    """
    rng = np.random.default_rng(wanted.seed)
    names = sorted({p.song for p in predictions})
    drawn = sorted(names[i] for i in rng.choice(len(names), min(wanted.songs, len(names)), replace=False))
    lines: list[Prediction] = []
    for good, count in ((False, wanted.onsets), (True, wanted.controls)):
        there = [p for p in predictions if p.song in drawn and p.predicted and p.good == good]
        if not there and not good:
            raise ValueError(
                "the model has no false positives in the drawn songs: draw more --songs, or another --seed"
            )
        lines += [there[i] for i in rng.choice(len(there), min(count, len(there)), replace=False)] if count else []
    return drawn, [lines[i] for i in rng.permutation(len(lines))]


def draw(model: Path, corpus: str, folder: Path, wanted: Wanted, log: Log, progress: Progress) -> str:
    """Make the study in `folder`, whole or not at all; returns what to do next.

    Raises ValueError for a folder in use, for what is absent, and where nothing can be drawn.
    """
    _spare(folder)
    card, where = inference.load(model).card, default_paths()
    beat_network = inference.load(where.beats) if where.beats else None
    if not set(ROLES) & set(card.outputs):
        raise ValueError(f"{model} tells {', '.join(card.outputs)}, not cuts: name a model of cuts")
    predictions = freeze(_unseen(corpus, card, where, log), from_onnx(model), card)
    names, lines = sample(predictions, wanted)
    tracks = [t for t in songs.tracks([corpus], where, lambda line: None) if t.name in names]
    made = folder.resolve().with_name(f".{folder.resolve().name}.{os.getpid()}.tmp")
    try:
        (made / "sheet" / "clips").mkdir(parents=True)
        joined = _clips(made / "sheet", tracks, predictions, lines, beat_network, progress)
        key = {
            "model": {"file": model.name, "sha256": _sha256(model), "name": card.name, "version": card.version},
            "thresholds": {role: judged(card, role)[0] for role in ROLES if role in card.outputs},
            "corpus": corpus,
            "seed": wanted.seed,
            "songs": names,
            "predicted": _counts(predictions, names),
            "lines": [asdict(p) | {"id": i, "partner": joined[i]} for i, p in enumerate(lines, 1)],
        }
        (made / "key.json").write_text(json.dumps(key, indent=1, ensure_ascii=False), encoding="utf-8")
        _write_predictions(made / "predictions.csv", predictions)
        if folder.exists():
            folder.rmdir()
        made.rename(folder.resolve())
    finally:
        shutil.rmtree(made, ignore_errors=True)
    controls = sum(p.good for p in lines)
    clicks = sum(partner is None for partner in joined.values())
    drawn = f"{len(lines) - controls} false positives and {controls} controls"
    return (
        f"{drawn} of {len(names)} songs; {clicks} have a click instead of a transition\n"
        f"give {folder / 'sheet'} to the annotator: index.html plays the clips and saves the answers\n"
        f"then: segue study report ANSWERS.csv, which must lie in {folder}"
    )


def _spare(folder: Path) -> None:
    if (folder / "key.json").exists():
        raise ValueError(f"{folder} holds a study, and its answers are not overwritten: give -o another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there and not an empty folder: give -o another one")


def _unseen(corpus: str, card: ModelCard, where: Paths, log: Log) -> list[Example]:
    """Test songs, or all of a corpus without a split, without those that the thresholds were fitted on."""
    examples = songs.load([corpus], card.cells_per_beat, where, log)
    if not examples:
        raise ValueError(f"{corpus} has no songs in {where.data}: $SEGUE_DATA says where the data is")
    tests = songs.part(examples, "test")
    if not tests and any(d.get("corpus") == corpus for d in card.training_data):
        log("caution: the model was trained on these songs")
    fitted_on = {name for role in card.outputs for name in judged(card, role)[1]}
    unseen = [e for e in tests or examples if e.name not in fitted_on]
    if not unseen:
        raise ValueError(f"the model's thresholds were fitted on all songs of {corpus}: take another corpus")
    return unseen


def _clips(
    folder: Path,
    tracks: Sequence[Track],
    predictions: Sequence[Prediction],
    lines: Sequence[Prediction],
    beat_network: inference.Network | None,
    tell: Progress,
) -> dict[int, float | None]:
    """Write the clips and the sheet; returns where each line's cut leads to or comes from, None for a click."""
    rows: dict[int, dict[str, str]] = {}
    joined: dict[int, float | None] = {}
    for track in tracks:
        song = clips.hear(track, beat_network)
        good = [p for p in predictions if p.song == track.name and p.good]
        for i, line in ((i, p) for i, p in enumerate(lines, 1) if p.song == track.name):
            tell(len(rows) / len(lines), track.name)
            others = [p for p in good if p.role != line.role]  # good ones: the line alone is in question
            times, scores = (np.array([getattr(p, name) for p in others]) for name in ("time", "score"))
            clip = clips.render(song, line.role, line.time, times, scores)
            file = f"clips/{i:03d}.flac"
            soundfile.write(str(folder / file), clip.samples, clip.rate_hz, "PCM_16")
            bar, beat = song.grid.bar_and_beat(line.time)
            values = (i, track.name, line.role, f"{line.time:.3f}", int(bar), f"{float(beat):.2f}", file, "", "")
            rows[i] = dict(zip(sheet.COLUMNS, map(str, values), strict=True))
            joined[i] = clip.partner
    sheet.write(folder, [rows[i] for i in sorted(rows)])
    return joined


def _counts(predictions: Sequence[Prediction], names: Sequence[str]) -> dict[str, dict[str, int]]:
    """True and false positives of the drawn songs, by role."""
    hits = [p for p in predictions if p.predicted and p.song in names]
    return {
        role: {name: sum(p.role == role and p.good == good for p in hits) for name, good in (("true", 1), ("false", 0))}
        for role in ROLES
        if any(p.role == role for p in predictions)
    }


def _write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(asdict(predictions[0])))
        table.writeheader()
        table.writerows(asdict(p) for p in predictions)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
