"""Figures of a network on songs: per song, then averaged over songs, as the tables of the README show them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models.cuts import scoring, selection
from segue_models.evaluation import shown
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.serving.model_card import ModelCard
from segue_models.training import songs
from segue_models.training.examples import ROLES, Example
from segue_models.training.metrics import auc, bcr, calibration_error, share_inside

Floats = NDArray[np.float64]
Scorer = Callable[[Example], dict[str, Floats]]  # calibrated scores (onsets,) by role

BEST = 20  # cuts of a song whose place in the phrase is checked
REAL = ("ultrastar", "jamendo")  # corpora of real songs, never trained on
NOT_JUDGED = ("3_sodium",)  # its vocal bed leaves 10 onsets that are entries and 6 that are no exits
SPACING_S = 1.0  # the product keeps markers two beats apart


@dataclass(frozen=True)
class Figures:
    """Means over songs for one role; `songs` counts those with both classes.

    auc and bcr over the judged onsets; ece pooled over them; inside_*: share of cuts that fall inside a phrase, for the
    20 best cuts of each song, for those a perfect network would choose (many a song has fewer good ones), for random
    onsets, and for onsets on downbeats.
    """

    role: str
    songs: int
    onsets: int
    positives: float
    auc: float
    auc_worst: float
    bcr: float
    ece: float
    inside_best: float
    inside_perfect: float
    inside_random: float
    inside_downbeat: float


def from_onnx(path: Path) -> Scorer:
    """Scores by the code that serves."""
    network = inference.load(path)
    return lambda e: scoring.scores(network, e.features.astype(np.float32), e.onset_cells, e.opens_bar)


def figures(
    examples: Sequence[Example],
    scorer: Scorer,
    role: str,
    near_boundaries: bool,
    threshold: float | Mapping[str, float] = 0.5,
    fitted_on: Collection[str] = (),
) -> Figures:
    """Judge one role on songs; near_boundaries: only candidates of section boundaries, as in the paper.

    threshold: of the score, one for all or each song's; fitted_on: names of the songs that calibration and threshold
    were fitted on; they count for the AUC, which depends on neither, and not for BCR and ECE.
    """
    column = ROLES.index(role)
    rows: list[tuple[float, float]] = []
    pooled: list[tuple[NDArray[np.bool_], Floats]] = [(np.zeros(0, bool), np.zeros(0))]
    inside: list[tuple[float, ...]] = []
    for e in (e for e in examples if e.name not in NOT_JUDGED):
        scores, judged = scorer(e)[role], e.near_boundary if near_boundaries else e.known
        y, p = e.labels[judged, column], scores[judged]
        if y.all() or not y.any():
            continue
        unseen = e.name not in fitted_on
        least = threshold if isinstance(threshold, float) else threshold[e.name]
        rows.append((auc(y, p), bcr(y, p >= least) if unseen else np.nan))
        if unseen:
            pooled.append((y, p))
        # The labels decide, the scores only between onsets that are as good.
        times, known = e.onset_times[e.known], scores[e.known]
        best, perfect = (
            times[selection.pick(times, s, BEST, 0.0, SPACING_S)]
            for s in (known, e.labels[e.known, column] + 1e-3 * known)
        )
        down = e.onset_times[e.on_downbeat & e.known]
        inside.append(tuple(share_inside(t, e.phrases) for t in (best, perfect, times, down)))
    if not rows:
        raise ValueError(f"no song has both good and bad onsets for the role {role}: nothing can be measured")
    aucs, rates = np.array(rows).T
    y, p = (np.concatenate(part) for part in zip(*pooled, strict=True))
    # Nothing is left where all songs were calibrated on.
    good, rate, error = (y.mean(), np.nanmean(rates), calibration_error(y, p)) if len(y) else (np.nan,) * 3
    chance = np.nanmean(np.array(inside), axis=0)
    return Figures(
        role, len(rows), len(y), float(good), float(aucs.mean()), float(aucs.min()), float(rate), float(error),
        *(float(c) for c in chance),
    )  # fmt: skip


def judged(card: ModelCard, role: str) -> tuple[float, tuple[str, ...]]:
    """Threshold of a role, and the names of the songs it was fitted on."""
    return card.threshold.get(role, 0.5), card.calibration[role].fitted_on if role in card.calibration else ()


def report(model: Path, corpora: Sequence[str], log: Callable[[str], None]) -> str:
    """What `segue evaluate MODEL CORPUS...` prints: all onsets, those near annotated section boundaries, what is shown.

    Songs that a corpus sets aside for tests, or all of them where it has no split. Raises ValueError.
    """
    network, where = inference.load(model), default_paths()
    card = network.card
    roles = [role for role in ROLES if role in card.outputs]
    if not roles:
        raise ValueError(f"{model} tells {', '.join(card.outputs)}, not cuts: name a model of cuts")
    scorer, out, tracks = from_onnx(model), [], []
    for corpus in corpora:
        examples = songs.load([corpus], card.cells_per_beat, where, log)
        aside = songs.part(examples, "test")
        out.append(f"{card.name} {card.version} on {len(aside or examples)} songs of {corpus}")
        if not aside and any(d.get("corpus") == corpus for d in card.training_data):
            out.append("caution: the model was trained on these songs")
        for title, near in (("all onsets", False), ("onsets near section boundaries", True)):
            if not near or any(e.near_boundary.any() for e in aside or examples):
                rows = [figures(aside or examples, scorer, role, near, *judged(card, role)) for role in roles]
                out += ["", title, table(rows)]
        out.append("")
    if len(roles) == len(ROLES):
        for corpus in corpora:
            found = songs.tracks([corpus], where, lambda line: None)
            tracks += [t for t in songs.part(found, "test") or found if t.name not in NOT_JUDGED]
        out.append(shown.table(shown.judge_all(tracks, model, where, log)))
    return "\n".join(out).rstrip()


def table(results: Sequence[Figures]) -> str:
    """Plain text table of figures; "-" where all songs were calibrated on."""
    head = f"{'role':6} {'songs':>5} {'onsets':>7} {'good':>6} {'AUC':>6} {'worst':>6} {'BCR':>6} {'ECE':>6}"
    lines = [f"{head}   inside a phrase: best 20, of a perfect network, random onsets, downbeats"]
    for f in results:
        inside = (f.inside_best, f.inside_perfect, f.inside_random, f.inside_downbeat)
        line = (
            f"{f.role:6} {f.songs:5d} {f.onsets:7d} {f.positives:6.1%} {f.auc:6.3f} {f.auc_worst:6.3f} {f.bcr:6.3f}"
            f" {f.ece:6.3f}   {' '.join(f'{share:6.1%}' for share in inside)}"
        )
        lines.append(line.replace("nan%", "   -").replace("nan", "  -"))
    return "\n".join(lines)
