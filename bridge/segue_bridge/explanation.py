"""Why a network takes an onset for an exit or an entry, or for none: what it hears and what its answer hangs on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue_bridge import model_store
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Kind
from segue_models import song
from segue_models.cuts import beat_align, scoring
from segue_models.serving import inference
from segue_models.serving.model_card import ModelCard
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid

if TYPE_CHECKING:
    from segue_exporter.saliency import Maps

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

ROLES: tuple[Kind, Kind] = ("exit", "entry")
BEATS_SHOWN = scoring.SOON_BEATS  # to either side of the onset, for a network that hears the whole song
LOUDER_DB = 6.0
SAME_S = 0.001  # an onset that is heard again, and the cut that it was
NEAR_S = 1.0  # seconds from the place that was asked for to the onset that is meant
DB = 20 / np.log(10)  # in a natural logarithm


@dataclass(frozen=True)
class Explanation:
    """One role of one onset.

    time: of the onset in seconds; scores: of the network, calibrated, by role; shown: score of the cut that is shown
    there, which for an entry may also count a section's start, None where none is; is_cut: whether the model takes it
    for one; heard: level
    of the gammatone bands in dB, (cells, bands), nan outside the song; maps: saliency, likewise; onset: the cell it
    opens; louder: score of the role with the shown music before the onset, and after it, LOUDER_DB louder; beats: for
    each beat shown its place in cells, seconds, bar, beat in the bar (None both in a pick-up).
    """

    time: float
    role: Kind
    scores: dict[str, float]
    shown: float | None
    is_cut: bool
    heard: F32
    maps: "Maps"
    onset: int
    cells_per_beat: int
    louder: tuple[float, float]
    beats: list[tuple[float, float, int | None, int | None]]


def explain(path: Path, analysis: Analysis, model: str, at: float, role: Kind | None) -> Explanation:
    """Explain the onset nearest to `at` seconds; role None: the one that is likelier there. Raises SegueError."""
    from segue_exporter.restore import restore

    network = model_store.network(model)
    card = network.card
    check(model, role)
    heard = song.hear(audio.read([path]))
    if not len(heard.samples):
        raise SegueError("silence", f"{path} is silent: name a recording with music")
    time = nearest(heard.onsets + heard.start, at)
    times = np.array([b.time for b in analysis.beats])
    grid = BeatGrid(times, np.array(analysis.places()), analysis.beats_per_bar)
    k = card.cells_per_beat
    aligned = beat_align.align(heard.front_end.gammatone, grid.later(-heard.start), k, heard.duration)
    cell = int(np.clip(beat_align.cells(grid, time, k) - aligned.first_cell, 0, len(aligned.features) - 1))

    def scored(features: F32) -> dict[str, float]:
        found = scoring.scores(network, features, np.array([cell]), beat_align.on_downbeat(grid, np.array([time]), k))
        return {name: float(score[0]) for name, score in found.items()}

    scores = scored(aligned.features)
    role = role or _likelier(card, scores)
    is_cut = scores[role] >= card.threshold.get(role, 0.5)
    restored, _ = restore(next(stored.path for stored in model_store.available() if stored.name == model))
    normed = inference.standardised(scoring.inputs(aligned.features, card), card)
    maps = _maps(restored, card, normed, cell, card.outputs.index(role), is_cut)
    half = len(maps.positive) // 2
    before, after = (
        scored(_raised(aligned.features, *part))[role] for part in ((cell - half, cell), (cell, cell + half))
    )
    places = grid.phase(times) * k - aligned.first_cell - (cell - half)
    shown = [
        (float(at), b.time, b.bar, b.beat) for at, b in zip(places, analysis.beats, strict=True) if 0 <= at <= 2 * half
    ]
    level = _around(DB * aligned.features, cell, half)
    same = (c.score for c in analysis.cuts if c.kind == role and abs(c.time - time) < SAME_S)
    marked = next(same, None) if model in analysis.models else None
    told: dict[str, float] = {name: scores[name] for name in ROLES if name in scores}
    return Explanation(time, role, told, marked, is_cut, level, maps, half, k, (before, after), shown)


def _likelier(card: ModelCard, scores: dict[str, float]) -> Kind:
    """The role whose score is higher, measured by what the model takes for a cut."""
    return max((r for r in ROLES if r in scores), key=lambda r: scores[r] / card.threshold.get(r, 0.5))


def _raised(features: F32, first: int, last: int) -> F32:
    """The features with the cells first to last - 1 louder."""
    out = features.copy()
    out[max(first, 0) : last] += np.float32(LOUDER_DB / DB)
    return out


def check(model: str, role: Kind | None) -> None:
    """Raise SegueError where there is no such model of cuts, or it does not tell that role."""
    card = model_store.network(model).card
    if card.task != "cuts":
        raise SegueError("bad_value", f"{model} is a model of {card.task}: name a model of cuts")
    if role is not None and role not in card.outputs:
        raise SegueError("bad_value", f"{model} tells no {role}: it tells {', '.join(card.outputs)}")


def nearest(found: Floats, at: float) -> float:
    """The onset nearest to a time, both in seconds; raises SegueError where none is near."""
    if len(found) and float(np.abs(found - at).min()) <= NEAR_S:
        return float(found[np.abs(found - at).argmin()])
    there = [f"{t:.2f} s" for t in (*found[found < at][-1:], *found[found >= at][:1])]
    told = f"the nearest are at {' and '.join(there)}" if there else "there is none in this recording"
    raise SegueError("bad_value", f"no note begins within {NEAR_S:g} s of {at:.2f} s: {told}")


def _maps(restored: Any, card: ModelCard, normed: F32, cell: int, column: int, is_cut: bool) -> "Maps":
    """Saliency of what was decided, (cells, bands), the onset's cell in the middle; of the song, not its foreground."""
    from segue_exporter import saliency

    if card.layout == "excerpt":
        excerpt = inference.excerpts(normed, np.array([cell]), card.context_cells)
        found = saliency.maps(_class_of(restored, is_cut), excerpt)
        return saliency.Maps(found.positive[0], found.negative[0])
    weights = reading(card.outputs, len(normed), cell, column, card.cells_per_beat) * (1 if is_cut else -1)
    apart, std = card.feature.get("foreground"), np.array(card.std, np.float32)

    def score(x: Any) -> Any:
        heard = saliency.beside(x, normed, std) if apart else x
        return (restored(heard)[0] * x.new_tensor(weights)).sum()

    found = saliency.maps(score, normed[None, :, : len(std) // 2] if apart else normed[None])
    half = BEATS_SHOWN * card.cells_per_beat
    positive, negative = (np.nan_to_num(_around(part[0], cell, half)) for part in (found.positive, found.negative))
    return saliency.Maps(positive, negative)


def _class_of(restored: Any, is_cut: bool) -> Callable[[Any], Any]:
    """The score of the decided class before the softmax, summed over the averaged networks."""
    from segue_exporter import saliency

    return lambda x: sum(saliency.classes(network, x)[:, int(is_cut)] for network in restored.networks)


def reading(outputs: tuple[str, ...], cells: int, cell: int, column: int, cells_per_beat: int) -> Floats:
    """How much each of a dense network's log odds (cells, outputs) counts in the served one of a cell and column."""
    weights = np.zeros((cells, len(outputs)))
    reach = scoring.SOON_BEATS * cells_per_beat
    near = range(max(0, cell - reach), min(cells, cell + reach + 1))
    for row in near:
        for output in range(len(outputs)):
            alone = np.zeros_like(weights)
            alone[row, output] = 1.0
            weights[row, output] = scoring.smooth_logits(alone, outputs, cells_per_beat)[cell, column]
    return weights


def _around(rows: F32, cell: int, half: int) -> F32:
    """Rows (2 * half, bands) of which `cell` is in the middle; nan outside the song."""
    padded = np.pad(rows, ((half, half), (0, 0)), constant_values=np.nan)
    return np.asarray(padded[cell : cell + 2 * half], dtype=np.float32)
