"""From a heard song to the cuts that are shown: the daemon serves it, and evaluation judges the same."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue_models.checkpoints import checkpoint
from segue_models.cuts import beat_align, scoring, section_entry, selection
from segue_models.serving.inference import Network
from segue_models.signal.frames import FPS, BeatGrid, nearest_frame
from segue_models.song import Song
from segue_models.transitions import pairs
from segue_models.transitions.pairs import Cuts, Pair

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOP = 20  # exits, and as many entries: more is a hedge, not a help
MIN_SCORE = 0.3  # below it an editor would reject more than two of three
# Onsets are a few ms off their beats: what reaches from beat to beat must not end at either by chance.
SLACK_BEATS = 0.25
# Two markers of a kind closer than two beats are one cut to an editor, and so are two entries just as far apart: they
# enter the same phrase.
EXIT_SPACING_BEATS, ENTRY_SPACING_BEATS = 2 - SLACK_BEATS, 2 + SLACK_BEATS
# Share of a score that each step of weakness costs in the choice, so that near ties end on the stronger place in the
# bar and not where chance has it. Less for entries: the best is often on a pick-up. Chosen on four songs of ultrastar
# (Monkey Shines, Mr. Fancy Pants, That Spells DNA, On the run) and four of evr; the last two steps with the
# transitions of all songs of ultrastar, jamendo and evr in sight.
EXIT_STEP, ENTRY_STEP = 0.1, 0.05
BEST_STEP = 0.025  # of both cuts of the best transition: what scores that agree to .01 need to agree on it
MOST_TRANSITIONS = 60
MUSIC_BARS = 1.0  # before an exit, and after an entry: less is no music to have heard, or to hear
MUSIC_SLACK_BEATS = 0.5


@dataclass(frozen=True)
class Shown:
    """The cuts that are shown, in order of time, and their transitions by position in them, best first."""

    exits: Cuts
    entries: Cuts
    transitions: list[Pair]


@dataclass(frozen=True)
class Candidates:
    """What may be a cut, (onsets,) each. times: seconds; scores: of the network, by role; opens_bar: on a downbeat.

    rest, turn: what `section_entry` is told by; rest is None where the network does not tell the lead.
    """

    times: Floats
    scores: dict[str, Floats]
    opens_bar: Bools
    turn: Bools
    rest: Floats | None


def candidates(song: Song, network: Network) -> Candidates:
    """The onsets near section boundaries, in free time all swells too, and their scores. Raises ModelError."""
    boundaries = np.array([section.start for section in song.sections])
    near = song.onsets[selection.candidates(song.onsets, song.grid, boundaries, SLACK_BEATS)]
    found = np.union1d(near, song.swells)
    checkpoint()
    k = network.card.cells_per_beat
    aligned = beat_align.align(song.front_end.gammatone, song.grid, k, song.duration)
    checkpoint()
    cells = beat_align.cells(song.grid, found, k) - aligned.first_cell
    inside = (cells >= 0) & (cells < len(aligned.features))  # what is counted to the next cell may have none
    found, cells = found[inside], cells[inside]
    opens_bar = beat_align.on_downbeat(song.grid, found, k)
    heard = scoring.listen(network, aligned.features, cells, opens_bar)
    turn = section_entry.turning(song.grid, found, boundaries)
    rest = None if heard.lead is None else section_entry.resting(heard.lead, cells, k)
    return Candidates(found, heard.scores, opens_bar, turn, rest)


def score(song: Song, network: Network) -> tuple[Cuts, Cuts]:
    """Every exit and every entry that may be shown, with its score; times in seconds from where the music begins.

    An exit with no bar of music before it, or an entry with none after it, is none. Raises ModelError.
    """
    found = candidates(song, network)
    entry = found.scores["entry"]
    if found.rest is not None:  # an entry is also where nobody leads and a section begins
        entry = section_entry.likely(entry, found.rest, found.turn, found.opens_bar)
    exits = pairs.cuts(found.times, found.scores["exit"], song.front_end, song.grid)
    left, joined = (np.flatnonzero(enough) for enough in _with_music(found.times, song))
    return exits[left], replace(exits, scores=entry)[joined]


def select(exits: Cuts, entries: Cuts, grid: BeatGrid, top: int = TOP, min_score: float = MIN_SCORE) -> Shown:
    """What is shown of all cuts: those that are good themselves and lead to, or come from, another good one.

    A good exit that leads nowhere is half the help. Of cuts that are as good, those on strong places in the bar. At
    most `top` of each kind, none scored below `min_score`. What a cut is good for is a maximum over the others, and
    not told by an order of them: it changes no more than the scores do.
    """
    spacings = np.array([EXIT_SPACING_BEATS, ENTRY_SPACING_BEATS]) * 60.0 / grid.tempo_bpm
    exits, entries = (part[np.flatnonzero(part.scores >= min_score)] for part in (exits, entries))
    placed = _placed(exits, grid, EXIT_STEP), _placed(entries, grid, ENTRY_STEP)
    uses = [
        (part.scores + best) / 2 for part, best in zip(placed, pairs.best_of_each(exits, entries, grid), strict=True)
    ]
    likely = _placed(exits, grid, BEST_STEP), _placed(entries, grid, BEST_STEP)
    for pair in pairs.between(*likely, grid, 1):  # the best transition of all comes first
        uses[0][pair.exit] += 1
        uses[1][pair.entry] += 1
    exits, entries = (
        part[selection.pick(part.times, use, top, 0.0, float(spacing))]
        for part, use, spacing in zip((exits, entries), uses, spacings, strict=True)
    )
    return Shown(exits, entries, pairs.between(exits, entries, grid, MOST_TRANSITIONS))


def _placed(cuts: Cuts, grid: BeatGrid, step: float) -> Cuts:
    """The cuts with scores that are lower by the share `step` for each step of weakness of their places in the bar.

    Other transitions than the best are not lowered: a pick-up is entered from an exit on as weak a place.
    """
    return replace(cuts, scores=cuts.scores * (1 - step * grid.weakness(cuts.times)))


def _with_music(found: Floats, song: Song) -> tuple[Bools, Bools]:
    """Which of the onsets have music before them to be left, and which have music after them to be joined."""
    least = (MUSIC_BARS * song.grid.beats_per_bar - MUSIC_SLACK_BEATS) * 60 / song.grid.tempo_bpm
    sounding = song.front_end.sounding
    sounded = np.concatenate([[0.0], np.cumsum(sounding) / FPS])  # seconds up to each frame
    before = sounded[np.clip(nearest_frame(found), 0, len(sounding))]
    return before >= least, sounded[-1] - before >= least
