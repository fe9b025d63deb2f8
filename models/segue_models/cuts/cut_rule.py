"""The cut rule: where an editor would leave or enter a song, derived from its lead notes.

Lead notes less than 0.75 beat apart form one *phrase*. A transition must not interrupt a phrase or its pick-up:

- EXIT at t: no phrase sounds at t (one may end up to 30 ms later), and the next phrase, if there is one, starts at
  least 0.75 beat later.
- ENTRY at t: no phrase sounds at t (or its first note starts there, within 30 ms), and the next phrase starts at most
  2 beats later.

Where the lead rests for 8 beats and more nobody leads, and the music turns where a section begins. There such a *turn*
is as good as the start of a phrase: an ENTRY is also at most 2 beats before a turn, or on it.

Where the lead is told by when a vocal track sounds, a phrase of more than 32 beats is a *vocal bed*: see
`unphrased_spans`.

Candidates are the onsets from 8 beats before to 4 beats after a section boundary (Stoller et al., specs 1.2).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue_models.cuts.selection import candidates
from segue_models.signal.frames import BeatGrid

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PHRASE_GAP_BEATS = 0.75
ENTRY_LEAD_BEATS = 2.0
REST_BEATS = 8.0
BED_BEATS = 32.0
TOLERANCE_S = 0.03
NOMINAL_BEAT_S = 0.5  # stands in for the beat where no grid is known: 120 BPM


def _phase(seconds: ArrayLike, grid: BeatGrid | None) -> Floats:
    t = np.asarray(seconds, dtype=np.float64)
    return t / NOMINAL_BEAT_S if grid is None else grid.phase(t)


def phrases(lead: Floats, grid: BeatGrid | None) -> Floats:
    """Phrases (phrases, 2), start and end in seconds, of the lead notes (notes, 2): gaps under 0.75 beat are closed.

    The notes may overlap and come in any order. Raises ValueError if `lead` has another shape.
    """
    lead = np.asarray(lead, dtype=np.float64)
    if lead.size == 0:
        return np.empty((0, 2))
    if lead.ndim != 2 or lead.shape[1] != 2:
        raise ValueError("lead notes must be an array of (notes, 2): start and end in seconds")
    lead = lead[np.argsort(lead[:, 0], kind="stable")]
    ends = np.maximum.accumulate(lead[:, 1])
    gaps = _phase(lead[1:, 0], grid) - _phase(ends[:-1], grid)
    new = np.flatnonzero(gaps >= PHRASE_GAP_BEATS - 1e-9)
    starts = lead[np.concatenate([[0], new + 1]), 0]
    return np.stack([starts, ends[np.concatenate([new, [len(lead) - 1]])]], axis=1)


def unphrased_spans(lead: Floats, grid: BeatGrid | None) -> Floats:
    """The "phrases" (spans, 2), seconds, longer than 32 beats, whose real phrases are not known.

    Nobody sings so long without a breath: where the lead is told by when a vocal track sounds, as that of stems is,
    they are voices that overlap, loops or echoes.
    """
    spans = phrases(lead, grid)
    return np.asarray(spans[_phase(spans[:, 1], grid) - _phase(spans[:, 0], grid) > BED_BEATS])


def label(onsets: ArrayLike, lead: Floats, grid: BeatGrid | None, turns: ArrayLike = ()) -> tuple[Bools, Bools]:
    """Whether each onset (seconds) is a good entry and a good exit: two arrays (onsets,).

    `grid` None means a nominal beat of 0.5 s; pass annotated or tracked beats where there are any. turns: seconds at
    which sections begin; without them only where the lead begins is anything entered.
    """
    t = np.asarray(onsets, dtype=np.float64)
    spans = phrases(lead, grid)
    at_turns = _before_a_turn(t, spans, grid, np.sort(np.asarray(turns, dtype=np.float64)))
    if not len(spans):
        return at_turns, np.ones(len(t), dtype=bool)
    starts, ends = spans[:, 0], spans[:, 1]
    last = np.searchsorted(starts, t, side="right") - 1  # the phrase that began last, -1 before the first
    sounding = (last >= 0) & (t < ends[np.maximum(last, 0)] - TOLERANCE_S)
    at_start = (last >= 0) & (t <= starts[np.maximum(last, 0)] + TOLERANCE_S)
    upcoming = np.where(at_start, last, last + 1)
    none = upcoming == len(starts)  # no phrase follows
    following = starts[np.minimum(upcoming, len(starts) - 1)]
    now = _phase(t, grid)
    exits = ~sounding & ~at_start & (none | (_phase(following, grid) - now >= PHRASE_GAP_BEATS - 1e-9))
    near = _phase(following - TOLERANCE_S, grid) - now <= ENTRY_LEAD_BEATS
    return (~sounding | at_start) & ~none & near | ~sounding & at_turns, exits


def _before_a_turn(t: Floats, spans: Floats, grid: BeatGrid | None, turns: Floats) -> Bools:
    """Which times lie at most 2 beats before a turn in a rest, or on it; a phrase between the two is entered itself."""
    resting = turns[_rest_beats(turns, spans, grid) >= REST_BEATS - 1e-9]
    if not len(resting):
        return np.zeros(len(t), dtype=bool)
    ahead = np.searchsorted(resting, t - TOLERANCE_S)  # the next turn, or the one that t is on
    turn = resting[np.minimum(ahead, len(resting) - 1)]
    near = _phase(turn - TOLERANCE_S, grid) - _phase(t, grid) <= ENTRY_LEAD_BEATS
    return np.asarray((ahead < len(resting)) & near)


def _rest_beats(times: Floats, spans: Floats, grid: BeatGrid | None) -> Floats:
    """Beats of the rest between phrases that each time is in, endless at the ends of a song; 0 inside a phrase."""
    after = np.searchsorted(spans[:, 0], times + TOLERANCE_S)  # a turn on which a phrase begins is that phrase's
    ends = np.concatenate([[-np.inf], spans[:, 1]])[after]
    starts = np.concatenate([spans[:, 0], [np.inf]])[after]
    inside = times < ends - TOLERANCE_S
    bounded = np.isfinite(ends) & np.isfinite(starts)
    beats = np.full(len(times), np.inf)
    beats[bounded] = _phase(starts[bounded], grid) - _phase(ends[bounded], grid)
    return np.asarray(np.where(inside, 0.0, beats))


def in_window(onsets: ArrayLike, grid: BeatGrid | None, boundaries: ArrayLike) -> Bools:
    """Whether each onset is a candidate of any section boundary: 8 beats before to 4 after (specs 1.2)."""
    if grid is None:
        grid = BeatGrid(np.array([0.0, NOMINAL_BEAT_S]), np.array([1, 2]))  # extrapolates to any time
    return candidates(np.asarray(onsets, dtype=np.float64), grid, np.asarray(boundaries, dtype=np.float64))


def cuts(
    onsets: ArrayLike, lead: Floats, grid: BeatGrid | None, boundaries: ArrayLike
) -> list[tuple[float, bool, bool]]:
    """The cuts of a song: (time, entry, exit) of every candidate onset that is an entry, an exit or both."""
    t = np.asarray(onsets, dtype=np.float64)
    entries, exits = label(t, lead, grid)
    keep = in_window(t, grid, boundaries) & (entries | exits)
    return [(float(a), bool(b), bool(c)) for a, b, c in zip(t[keep], entries[keep], exits[keep], strict=True)]
