"""What stands out from the parts of a song that come again: a voice from the loops and the band behind it.

After REPET-SIM (Rafii and Pardo 2012, "Music/voice separation using the similarity matrix"), which compares frames of a
spectrogram; here beats are compared, on whose cells whatever comes again falls alike.
"""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

SIMILAR = 16  # beats that tell what is behind one
SPAN_BEATS = 8  # two beats are alike where the beats around them are
APART_BEATS = 2  # a beat and its neighbours sound alike because a note is held


def foreground(cells: F32, cells_per_beat: int) -> F32:
    """How far log features (cells, bands) lie above the median of the same cells of the most similar other beats.

    Same shape and unit; negative where the song is thinner than there. 0 where there are too few beats to compare.
    """
    beats = len(cells) // cells_per_beat
    others = beats - 2 * APART_BEATS
    if others < APART_BEATS:
        return np.zeros_like(cells, dtype=np.float32)
    # A last beat that is not whole belongs to no other, and its cells stand out from nothing.
    x = cells[: beats * cells_per_beat].astype(np.float32).reshape(beats, cells_per_beat, -1)
    distance = _around(_distances(x.reshape(beats, -1)))
    i = np.arange(beats)
    distance[np.abs(i[:, None] - i[None, :]) < APART_BEATS] = np.inf
    count = min(SIMILAR, others)
    similar = np.argpartition(distance, count - 1, axis=1)[:, :count]
    out = np.zeros_like(cells, dtype=np.float32)
    for beat, rows in enumerate(similar):
        out[beat * cells_per_beat : (beat + 1) * cells_per_beat] = x[beat] - np.median(x[rows], axis=0)
    return out


def _distances(rows: F32) -> F32:
    """Squared distances (rows, rows)."""
    centred = rows - rows.mean(axis=0)  # the products stay small, so that their differences are exact enough
    products = centred @ centred.T
    squares = np.diag(products)
    return np.asarray(squares[:, None] + squares[None, :] - 2 * products)


def _around(distance: F32) -> F32:
    """Mean distance of the SPAN_BEATS beats around two beats, (beats, beats), of as many as there are at the ends."""
    total, count = np.zeros_like(distance), np.zeros_like(distance)
    beats = len(distance)
    for offset in range(-(SPAN_BEATS // 2), SPAN_BEATS - SPAN_BEATS // 2):
        here = slice(max(0, -offset), min(beats, beats - offset))
        there = slice(max(0, offset), min(beats, beats + offset))
        total[here, here] += distance[there, there]
        count[here, here] += 1
    return np.asarray(total / np.maximum(count, 1))
