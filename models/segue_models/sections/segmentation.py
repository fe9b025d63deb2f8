"""Sections by the boundary network: what it hears at each downbeat, at the lengths songs have; named by repetition."""

import numpy as np
from numpy.typing import NDArray

from segue_models import features
from segue_models.checkpoints import checkpoint
from segue_models.features import mel
from segue_models.sections import bar_novelty, naming
from segue_models.sections.bar_novelty import Section
from segue_models.serving.inference import Network
from segue_models.signal.frames import BeatGrid
from segue_models.signal.front_end import FrontEnd

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BATCH_ROWS = 64  # excerpts at once: 36 MB
NEAR_S = 0.35  # a downbeat is as likely as the likeliest row this near
# Chosen on POP909's validation songs: weight of the network, of how much the bars change, log odds before both.
HEARD, CHANGE, COMMON = 1.0, 1.5, 1.0


def curve(network: Network, mono: F32, output: str = "phrase") -> Floats:
    """How likely a phrase begins at each of the song's mel rows, (rows,); `mel.row_times` says when they are."""
    heard = features.find(str(network.card.feature["name"])).extract(mono)
    rows = np.arange(mel.PADDING_ROWS, len(heard) - mel.PADDING_ROWS)
    parts = [network.activations(heard, rows[at : at + BATCH_ROWS]) for at in range(0, len(rows), BATCH_ROWS)]
    return np.concatenate(parts)[:, network.card.outputs.index(output)].astype(np.float64)


def divide(front: FrontEnd, grid: BeatGrid, heard: Floats) -> list[Section]:
    """Sections from the network's curve (rows,) and the change of the bars, by the likeliest lengths."""
    checkpoint()
    edges = bar_novelty.bar_edges(front, grid)
    if len(edges) == 2:
        return [Section(0.0, front.duration, "A")]
    checkpoint()
    bars = bar_novelty.describe(front, edges)
    checkpoint()
    odds = HEARD * _log_odds(heard, edges[:-1]) + CHANGE * bar_novelty.novelty(bars) + COMMON
    starts = bar_novelty.divide(odds)
    names = naming.name(bars.chords, starts)
    ends = [*starts[1:], len(edges) - 1]
    return [Section(float(edges[a]), float(edges[b]), name) for a, b, name in zip(starts, ends, names, strict=True)]


def _log_odds(heard: Floats, times: Floats) -> Floats:
    """Log odds of the highest value near each time, read between rows."""
    around = times[:, None] + np.linspace(-NEAR_S, NEAR_S, 7)
    p = np.clip(np.interp(around, mel.row_times(len(heard)), heard).max(axis=1), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(p / (1 - p)))
