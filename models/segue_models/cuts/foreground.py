"""What stands out from the parts of a song that come again: a voice from the loops and the band behind it.

After REPET-SIM (Rafii and Pardo 2012, "Music/voice separation using the similarity matrix"), which compares frames of a
spectrogram; here beats are compared, on whose cells whatever comes again falls alike.
"""

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.signal import gammatone

F32 = NDArray[np.float32]

SIMILAR = 16  # beats that tell what is behind one
SPAN_BEATS = 8  # two beats are alike where the beats around them are
BLOCK_BEATS = 512  # compared with all others at a time
APART_BEATS = 2  # a beat and its neighbours sound alike because a note is held


def foreground(cells: F32, cells_per_beat: int) -> F32:
    """How far log features (cells, bands) lie above the median of the same cells of the most similar other beats.

    Same shape and unit; negative where the song is thinner than there. 0 where there are too few beats to compare.
    Beats of silence are left out, as if the music went on: there it is 0.
    """
    checkpoint()
    beats = len(cells) // cells_per_beat
    # A last beat that is not whole belongs to no other, and its cells stand out from nothing.
    whole = cells[: beats * cells_per_beat].astype(np.float32).reshape(beats, cells_per_beat, cells.shape[1])
    sounding = gammatone.sounding(cells, cells_per_beat)[: beats * cells_per_beat]
    heard = np.flatnonzero(sounding.reshape(beats, cells_per_beat).any(axis=1))
    x = whole[heard]
    others = len(x) - 2 * APART_BEATS
    if others < APART_BEATS:
        return np.zeros_like(cells, dtype=np.float32)
    distance = _around(_distances(x.reshape(len(x), -1)))
    i = np.arange(len(x))
    distance[np.abs(i[:, None] - i[None, :]) < APART_BEATS] = np.inf
    count = min(SIMILAR, others)
    similar = np.empty((len(x), count), np.int64)
    for first in range(0, len(x), BLOCK_BEATS):
        checkpoint()
        block = slice(first, first + BLOCK_BEATS)
        similar[block] = np.argpartition(distance[block], count - 1, axis=1)[:, :count]
    out = np.zeros_like(cells, dtype=np.float32)
    for beat, music, rows in zip(heard, x, similar, strict=True):
        checkpoint()
        out[beat * cells_per_beat : (beat + 1) * cells_per_beat] = music - np.median(x[rows], axis=0)
    return out


def _distances(rows: F32) -> F32:
    """Squared distances (rows, rows)."""
    centred = rows - rows.mean(axis=0)  # the products stay small, so that their differences are exact enough
    squares = np.einsum("bf,bf->b", centred, centred)
    out = np.empty((len(rows), len(rows)), np.float32)
    for first in range(0, len(rows), BLOCK_BEATS):
        checkpoint()
        block = slice(first, first + BLOCK_BEATS)
        out[block] = squares[block, None] + squares - 2 * (centred[block] @ centred.T)
    return out


def _around(distance: F32) -> F32:
    """Mean distance of the SPAN_BEATS beats around two beats, (beats, beats), of as many as there are at the ends."""
    total, count = np.zeros_like(distance), np.zeros_like(distance)
    beats = len(distance)
    for offset in range(-(SPAN_BEATS // 2), SPAN_BEATS - SPAN_BEATS // 2):
        checkpoint()
        here = slice(max(0, -offset), min(beats, beats - offset))
        there = slice(max(0, offset), min(beats, beats + offset))
        total[here, here] += distance[there, there]
        count[here, here] += 1
    return np.asarray(total / np.maximum(count, 1))
