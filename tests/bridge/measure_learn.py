"""Simulated users with a taste of their own: what `segue learn` makes of their verdicts, and of verdicts without any.

python tests/bridge/measure_learn.py [TASTE...] [--songs 8] [--seeds 10]

Each user hears the best transitions that `segue mark` shows in some of the real songs that no network was trained on
(`ultrastar`, `jamendo`; nothing that learns from them is ever shipped), keeps those whose two cuts are to their taste,
rejects the others, and adds a few cuts that were not shown; one verdict in twenty is a slip. The rest of the songs
tells what the user has of the new network.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np

from segue_bridge import cached_analysis, feedback, feedback_marks, model_store
from segue_bridge.result import Analysis, Options, Region
from segue_exporter.learn import Learner
from segue_models.corpora import jamendo, ultrastar
from segue_models.corpora.user import Recording
from segue_models.cuts import cut_rule, selection
from segue_models.paths import default_paths
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from segue_models.training import preference
from segue_models.training.examples import ROLES
from segue_models.training.metrics import auc
from segue_models.training.preference import MarkedSong

LISTENED, ADDED, SLIPS = 30, 5, 0.05  # transitions, added cuts of each role, share of verdicts
BEST = 10


@dataclass(frozen=True)
class Song:
    """A song, what Segue shows of it, what the network hears, and which onsets a user would like (onsets, 2)."""

    analysis: Analysis
    grid: BeatGrid
    heard: MarkedSong
    near: np.ndarray
    good: np.ndarray  # by the cut rule
    lead: np.ndarray  # phrases, seconds

    @property
    def path(self) -> Path:
        return Path(self.analysis.audio.path)


def hear(track: Track, learner: Learner) -> Song:
    analysis = cached_analysis.analyse(Region((track.audio,)), Options(), lambda fraction, stage: None)
    times = np.array([b.time for b in analysis.beats])
    grid = BeatGrid(times, np.array([b.beat for b in analysis.beats]), analysis.beats_per_bar)
    heard = learner.hear(Recording(track.name, (track.audio,), ()), grid)
    good = np.stack(cut_rule.label(heard.times, track.lead, grid), axis=1)
    near = selection.candidates(heard.times, grid, np.array([s.start for s in analysis.sections]))
    return Song(analysis, grid, heard, near, good, cut_rule.phrases(track.lead, grid))


def rule(song: Song) -> np.ndarray:
    """Whatever interrupts no phrase."""
    return song.good


def downbeat(song: Song) -> np.ndarray:
    """The same, on downbeats alone."""
    downbeats = song.grid.times[song.grid.positions == 1]
    on = np.abs(song.heard.times[:, None] - downbeats[None, :]).min(axis=1) < 0.07
    return song.good & on[:, None]


def patient(song: Song) -> np.ndarray:
    """Leaves where a bar of rest follows, and enters with a pick-up."""
    now, starts = song.grid.phase(song.heard.times), song.grid.phase(song.lead[:, 0])
    wait = np.where(starts[None, :] >= now[:, None] - 0.06, starts[None, :] - now[:, None], np.inf).min(axis=1)
    return song.good & np.stack([wait > 0.6, wait >= 4.0], axis=1)


TASTES: dict[str, Callable[[Song], np.ndarray] | None] = {
    "patient": patient, "downbeat": downbeat, "rule": rule, "random": None
}  # fmt: skip


def judge(song: Song, liked: np.ndarray, rng: np.random.Generator) -> None:
    """Write the user's verdicts about one song."""
    region, by_id = Region((song.path,)), {cut.id: cut for cut in song.analysis.cuts}

    def likes(number: int) -> bool:
        at = int(np.abs(song.heard.times - by_id[number].time).argmin())
        return bool(liked[at, ROLES.index(by_id[number].kind)])

    for t in song.analysis.transitions[:LISTENED]:
        verdict = "kept" if (likes(t.exit) and likes(t.entry)) ^ (rng.random() < SLIPS) else "rejected"
        for number in (t.exit, t.entry):
            feedback.note(region, song.analysis, number, verdict, by_id[number].kind, by_id[number].time)
    for column, role in enumerate(ROLES):
        shown = np.array([cut.time for cut in song.analysis.cuts if cut.kind == role])
        new = liked[:, column] & (np.abs(song.heard.times[:, None] - shown[None, :]) > 0.05).all(axis=1)
        pool = np.flatnonzero(new)
        for at in rng.choice(pool, min(ADDED, len(pool)), replace=False):
            feedback.note(region, song.analysis, -1, "added", role, float(song.heard.times[at]))


def marked(songs: list[Song]) -> list[MarkedSong]:
    """The songs with the marks that `segue learn` reads from the verdicts."""
    found = {o.sha256: o for o in feedback_marks.from_verdicts(print)}
    out = []
    for song in songs:
        shown = tuple((cut.kind, cut.time) for cut in song.analysis.cuts)
        judged = Recording(song.heard.name, (song.path,), tuple(found[song.analysis.audio.sha256].marks), shown)
        liked, weight, shown = preference.placed(judged, song.heard.times)
        out.append(replace(song.heard, liked=liked, weight=weight, shown=shown))
    return out


def worth(song: Song, liked: np.ndarray, log_odds: np.ndarray) -> list[float]:
    """AUC of the user's taste, and its share in the best cuts, near section boundaries; mean of the roles."""
    near, rows = np.flatnonzero(song.near), []
    for column in range(len(ROLES)):
        y, z = liked[near, column], log_odds[near, column]
        if y.any() and not y.all():
            best = selection.pick(song.heard.times[near], z, BEST, -np.inf, 120.0 / song.grid.tempo_bpm)
            rows.append([auc(y, z), float(y[best].mean())])
    return list(np.mean(rows, axis=0)) if rows else [np.nan, np.nan]


def simulate(songs: list[Song], name: str, learner: Learner, count: int, seed: int) -> dict[str, float]:
    """One user: what the offer says, and what the left-out songs say."""
    rng = np.random.default_rng((seed, count))
    order = [songs[i] for i in rng.permutation(len(songs))]
    chosen = TASTES[name]

    def liked(song: Song) -> np.ndarray:
        return chosen(song) if chosen else rng.random((len(song.heard.times), 2)) < 0.5

    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"XDG_DATA_HOME": folder}), no_fsync():
        for song in order[:count]:
            judge(song, liked(song), rng)
        own = marked(order[:count])
    offered = learner.judge(own)
    learned = preference.learn(own, learner.card.calibration)
    row = {"accepted": offered.better, "marks": offered.marks, "shown": offered.auc[0], "learned": offered.auc[1]}
    row |= {"error": offered.error}
    if chosen:
        pairs = []
        for song in order[count:]:
            after = np.column_stack([learned.log_odds(song.heard, role) for role in ROLES])
            pairs.append(worth(song, chosen(song), song.heard.log_odds) + worth(song, chosen(song), after))
        names = ("true AUC", "true best", "learned true AUC", "learned true best")
        row |= dict(zip(names, np.nanmean(pairs, axis=0), strict=True))
    return row


def no_fsync():
    """A simulated user needs no verdict to survive a power cut."""
    return patch.object(os, "fsync", lambda handle: None)


@click.command()
@click.argument("tastes", nargs=-1, type=click.Choice(list(TASTES)))
@click.option("--songs", "count", default=8, help="That the user judges, of the fourteen.")
@click.option("--seeds", default=10)
def main(tastes: tuple[str, ...], count: int, seeds: int) -> None:
    where = default_paths()
    serving = next(stored.path for stored in model_store.available() if stored.name == "cuts")
    learner = Learner(serving)
    found = [*ultrastar.tracks(where.data, where.cache), *jamendo.tracks(where.data, where.cache)]
    songs = [hear(track, learner) for track in found]
    for name in tastes or TASTES:
        rows = [simulate(songs, name, learner, count, seed) for seed in range(seeds)]
        means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        print(f"{name}: {seeds} users, " + ", ".join(f"{key} {value:.3f}" for key, value in means.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
