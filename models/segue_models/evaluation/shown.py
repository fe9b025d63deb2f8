"""What users are shown, judged: the product itself on songs whose lead is known, not the scores of all onsets."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models import product
from segue_models.cuts import cut_rule
from segue_models.listener import listener
from segue_models.paths import Paths
from segue_models.serving import inference
from segue_models.serving.inference import Network
from segue_models.song import Song
from segue_models.track import Track
from segue_models.training.metrics import inside_phrases

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BEST = 10  # transitions of a song that are looked at


@dataclass(frozen=True)
class Judged:
    """The cuts shown of one song, exits and entries together, without those in a bed, whose phrases are not known.

    scores: (cuts,) as shown; good: (cuts,) by the cut rule; sung: (cuts,) by the rule that knows no entries but where
    the lead begins; inside: (cuts,) inside a phrase; joins, sung_joins: (transitions,) of the BEST those whose two cuts
    are good by either.
    """

    corpus: str
    name: str
    scores: Floats
    good: Bools
    sung: Bools
    inside: Bools
    joins: Bools
    sung_joins: Bools


def judge(track: Track, heard: Song, network: Network) -> Judged:
    """What the product shows of a song, held to the cut rule on annotated beats and sections, else on its own."""
    shown = product.select(*product.score(heard, network), heard.grid)
    ruler = track.grid or heard.grid.later(heard.start)
    times = {"exit": shown.exits.times + heard.start, "entry": shown.entries.times + heard.start}
    sections = track.sections if len(track.sections) else [section.start + heard.start for section in heard.sections]
    sung, good = (
        {role: cut_rule.label(t, track.lead, ruler, turns)[role == "exit"] for role, t in times.items()}
        for turns in ([], sections)
    )
    known = {role: ~_between(t, track.unphrased_spans) for role, t in times.items()}
    phrases = cut_rule.phrases(track.lead, ruler)
    best = [t for t in shown.transitions[:BEST] if known["exit"][t.exit] and known["entry"][t.entry]]

    def both(rule: dict[str, Bools]) -> Bools:
        return np.array([rule["exit"][t.exit] and rule["entry"][t.entry] for t in best], dtype=bool)

    each = (("exit", shown.exits.scores), ("entry", shown.entries.scores))
    return Judged(
        track.corpus,
        track.name,
        np.concatenate([scores[known[role]] for role, scores in each]),
        np.concatenate([good[role][known[role]] for role in times]),
        np.concatenate([sung[role][known[role]] for role in times]),
        np.concatenate([inside_phrases(times[role][known[role]], phrases) for role in times]),
        both(good),
        both(sung),
    )


def judge_all(tracks: Sequence[Track], model: Path, where: Paths, log: Callable[[str], None]) -> list[Judged]:
    """Every track judged by the model of cuts and the networks that ship beside it; a song that fails is left out."""
    out = []
    with ProcessPoolExecutor(where.jobs) as pool:
        for done, result in enumerate(pool.map(_judged, tracks, repeat(model), repeat(where)), 1):
            if isinstance(result, Judged):
                out.append(result)
            if done % 10 == 0 or done == len(tracks) or isinstance(result, str):
                log(f"shown {done}/{len(tracks)} {result if isinstance(result, str) else result.name}")
    return out


def _judged(track: Track, model: Path, where: Paths) -> Judged | str:
    try:
        return judge(track, _listener(where)([track.audio]), _network(model))
    except ValueError as error:  # one bad song must not end a long run
        return f"{track.corpus}/{track.name}: {error}"


@lru_cache(maxsize=1)
def _listener(where: Paths) -> Callable[[Sequence[Path]], Song]:
    return listener(where)


@lru_cache(maxsize=1)
def _network(path: Path) -> Network:
    return inference.load(path, threads=1)


def table(judged: Iterable[Judged]) -> str:
    """A row for each corpus, and one for all songs together: means over songs; transitions are pooled."""
    songs = list(judged)
    corpora = list(dict.fromkeys(j.corpus for j in songs))
    rows = [(c, [j for j in songs if j.corpus == c]) for c in corpora]
    if len(corpora) > 1:
        rows.append(("all", songs))
    lines = [
        f"{'what users are shown':20} {'songs':>5} {'cuts':>5} {'good':>7} {'(sung)':>7} {'scored':>7}"
        f" {'inside a phrase':>15}   both good, of the {BEST} best transitions (sung)"
    ]
    for name, part in rows:
        seen = [j for j in part if len(j.good)]
        good, sung, said, inside = (
            float(np.mean([getattr(j, field).mean() for j in seen])) if seen else float("nan")
            for field in ("good", "sung", "scores", "inside")
        )
        joins, sung_joins = (
            np.concatenate([getattr(j, field) for j in part] or [np.empty(0)]) for field in ("joins", "sung_joins")
        )
        both = f"{joins.mean():.1%} ({sung_joins.mean():.1%}) of {len(joins)}" if len(joins) else "-"
        count = sum(len(j.good) for j in part)
        lines.append(f"{name:20} {len(part):5d} {count:5d} {good:7.1%} {sung:7.1%} {said:7.1%} {inside:15.1%}   {both}")
    lines.append("(sung): by the cut rule that knows no entries but where the lead begins")
    return "\n".join(lines)


def _between(times: Floats, spans: Floats) -> Bools:
    """Whether each time lies in one of the spans (spans, 2), seconds."""
    return np.asarray(((times[:, None] >= spans[:, 0]) & (times[:, None] < spans[:, 1])).any(axis=1))
