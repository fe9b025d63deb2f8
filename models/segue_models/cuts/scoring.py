"""Scores of cuts: what their network says of the cells of a song, as the calibrated chance that a cut is good there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue_models.cuts.foreground import foreground
from segue_models.serving.inference import Network
from segue_models.serving.model_card import ModelCard

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

# Chosen by leave-one-song-out over evr_cc0_stems and on validation's renders, with the other real songs in sight.
SMOOTHING = np.array([1.0, 2.0, 1.0]) / 4.0  # quarters of a beat
LEAD_WEIGHT = 0.35
SOON_BEATS = 6


def inputs(features: F32, card: ModelCard) -> F32:
    """What a network of that card hears: the features (cells, bands), beside their foreground where it hears one."""
    if not card.feature.get("foreground"):
        return features
    return np.concatenate([features, foreground(features, card.cells_per_beat)], axis=1)


def log_odds(network: Network, features: F32, cells: NDArray[np.int64]) -> Floats:
    """Uncalibrated log odds (onsets, outputs) of cuts that open the given rows of `features` (cells, bands).

    Raises ModelError.
    """
    return _listened(network, features, cells)[0]


def _listened(network: Network, features: F32, cells: NDArray[np.int64]) -> tuple[Floats, Floats | None]:
    """As `log_odds`, and the chance that the lead sounds in each row (cells,) from a network that tells it."""
    card = network.card
    if not len(cells):
        return np.empty((0, len(card.outputs))), None
    song = card.layout == "song"
    probability = network.activations(inputs(features, card), None if song else cells)
    p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    z = np.log(p / (1 - p))
    lead = p[:, card.outputs.index("lead")] if song and "lead" in card.outputs else None
    return np.asarray(smooth_logits(z, card.outputs, card.cells_per_beat)[cells] if song else z), lead


@dataclass(frozen=True)
class Heard:
    """scores: calibrated probability (onsets,) of each output; lead: (cells,) that it sounds, None where not told."""

    scores: dict[str, Floats]
    lead: Floats | None


def scores(
    network: Network, features: F32, cells: NDArray[np.int64], on_downbeat: NDArray[np.bool_] | None = None
) -> dict[str, Floats]:
    """The scores of `listen`."""
    return listen(network, features, cells, on_downbeat).scores


def listen(
    network: Network, features: F32, cells: NDArray[np.int64], on_downbeat: NDArray[np.bool_] | None = None
) -> Heard:
    """What the network says of cuts that open the given rows; of those scored 0.8 about 80 % are good on new songs.

    on_downbeat: (onsets,) those that open a bar; none where it is not known. Raises ModelError.
    """
    card = network.card
    logits, lead = _listened(network, features, cells)
    out = {}
    for column, name in enumerate(card.outputs):
        c = card.calibration.get(name)
        z = logits[:, column] if c is None else c.slope * logits[:, column] + c.offset
        if c is not None and on_downbeat is not None:
            z = z + c.downbeat * on_downbeat
        out[name] = 1.0 / (1.0 + np.exp(-z))
    return Heard(out, lead)


def smooth_logits(logits: Floats, outputs: Sequence[str], cells_per_beat: int) -> Floats:
    """Log odds of cuts from the raw ones of a dense network; (cells, outputs) in and out, lead activity unchanged.

    A cut is no sharper than the beat it stands on: entry and exit are averaged over neighbouring cells. And an entry
    is where the lead is about to sound and has not sounded: six beats to come against the half beat gone.
    """
    out = logits.copy()
    around = _smoothing(cells_per_beat)
    for column, name in enumerate(outputs):
        if name in ("entry", "exit"):
            out[:, column] = np.convolve(np.pad(logits[:, column], len(around) // 2, mode="edge"), around, "valid")
    if "lead" in outputs and "entry" in outputs:
        sums = np.concatenate([[0.0], np.cumsum(logits[:, list(outputs).index("lead")])])
        here = np.arange(len(logits))
        soon = np.minimum(here + SOON_BEATS * cells_per_beat, len(logits))
        gone = np.maximum(here - cells_per_beat // 2, 0)
        to_come = (sums[soon] - sums[here]) / (soon - here)
        past = (sums[here] - sums[gone]) / np.maximum(here - gone, 1)
        out[:, list(outputs).index("entry")] += LEAD_WEIGHT * (to_come - past)
    return out


def _smoothing(cells_per_beat: int) -> Floats:
    """Weights of the neighbouring cells that a cut is averaged over, as wide in beats at any resolution; odd number."""
    fine = max(cells_per_beat / 4, 1.0)
    reach = len(SMOOTHING) // 2 + 1
    half = int(np.ceil(reach * fine)) - 1
    weights = np.interp(np.arange(-half, half + 1) / fine, np.arange(-reach, reach + 1), [0.0, *SMOOTHING, 0.0])
    return np.asarray(weights / weights.sum())
