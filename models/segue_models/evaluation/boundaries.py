"""Boundaries on songs: network, product, every eight bars. `python -m ... SECTIONS.onnx BEATS.onnx CORPUS`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models import song
from segue_models.features import mel
from segue_models.paths import default_paths
from segue_models.sections import bar_novelty, naming, peaks
from segue_models.sections.bar_novelty import Section
from segue_models.serving import inference
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid
from segue_models.signal.front_end import FrontEnd
from segue_models.track import Track
from segue_models.training import songs

Floats = NDArray[np.float64]
Labelled = tuple[Floats, list[str]]  # boundaries with both ends, names of what lies between
Marked = tuple[Floats, Floats]  # annotated boundaries with both ends, a network's curve (rows,)

TOLERANCES_S = (0.5, 3.0)
BETAS = (1.0, 0.58)
START_S = 3.0  # a first boundary within this is the start of the song
# Without a network: weight of how much the bars change against the lengths, log odds that a bar opens a section.
CHANGE, COMMON = 2.5, 0.75
THRESHOLDS = np.arange(0.0, 0.62, 0.02)


@dataclass(frozen=True)
class Song:
    """What there is to judge by, and what was heard; grid: tracked beats, or None where none were found."""

    track: Track
    front: FrontEnd
    grid: BeatGrid | None
    curve: Floats
    parts: list[Section]


def truth(track: Track, duration: float) -> Labelled:
    """Annotated boundaries with both ends, and labels; what sounds before the first one belongs to it."""
    inner = track.sections[(track.sections > START_S) & (track.sections < duration)]
    names = list(track.section_labels) or [""] * len(track.sections)
    started = [name for name, at in zip(names, track.sections, strict=True) if at <= START_S]
    return closed(inner, duration), [*started[-1:], *names[len(started) :]] if started else ["", *names]


def closed(boundaries: Floats, duration: float) -> Floats:
    """Boundaries inside the song with its start and its end, increasing."""
    inner = np.unique(boundaries[(boundaries > 0) & (boundaries < duration)])
    return np.concatenate([[0.0], inner, [duration]])


def hit_rate(reference: Floats, found: Floats, window: float, trim: bool, beta: float = 1.0) -> Floats:
    """Precision, recall and F of boundaries (with both ends) hit within `window` seconds, one to one."""
    import mir_eval.segment

    rates = mir_eval.segment.detection(_spans(reference), _spans(found), window=window, beta=beta, trim=trim)
    return np.array(rates)


def same_names(reference: Labelled, found: Labelled) -> float:
    """Pairwise F of letters: of moments named alike by one, how many are by the other; A' and A3 count as A."""
    import mir_eval.segment

    letters = [name.rstrip("'0123456789") for name in found[1]]
    return float(mir_eval.segment.pairwise(_spans(reference[0]), reference[1], _spans(found[0]), letters)[2])


def every_eight_bars(grid: BeatGrid | None, duration: float) -> Floats:
    """A boundary at every eighth downbeat from the first."""
    return closed(np.empty(0) if grid is None else grid.times[grid.positions == 1][::8], duration)


def without_network(front: FrontEnd, grid: BeatGrid) -> list[Section]:
    """Sections by how much the bars change alone, with the lengths and the names that serve."""
    edges = bar_novelty.bar_edges(front, grid)
    if len(edges) == 2:
        return [Section(0.0, front.duration, "A")]
    bars = bar_novelty.describe(front, edges)
    starts = bar_novelty.divide(CHANGE * bar_novelty.novelty(bars) + COMMON)
    names = naming.name(bars.chords, starts)
    ends = [*starts[1:], len(edges) - 1]
    return [Section(float(edges[a]), float(edges[b]), name) for a, b, name in zip(starts, ends, names, strict=True)]


def picked(curve: Floats, threshold: float, duration: float) -> Floats:
    """The network's own peaks, not moved to downbeats."""
    rows = peaks.pick(curve, mel.ROW_FPS, threshold)
    return closed(mel.row_times(len(curve))[rows], duration)


def tuned(heard: Sequence[Marked], window: float) -> float:
    """Threshold of the peaks that is best on these songs, for that tolerance."""

    def mean(threshold: float) -> float:
        return float(np.mean([peaks_hit(song, threshold, window)[2] for song in heard]))

    return float(max(THRESHOLDS, key=mean))


def peaks_hit(song: Marked, threshold: float, window: float) -> Floats:
    """Precision, recall and F, trimmed, of the peaks of a curve."""
    edges, curve = song
    return hit_rate(edges, picked(curve, threshold, edges[-1]), window, trim=True)


def hear(track: Track, network: inference.Network, rhythmic: inference.Network) -> Song:
    """Analyse one song as serving does; all times, those of its track too, are from where its music begins."""
    heard = song.hear(audio.read([track.audio]), rhythmic, network)
    parts = [] if heard.beats is None else heard.sections
    grid = None if heard.beats is None else heard.grid
    return Song(track.later(-heard.start), heard.front_end, grid, heard.boundary_curve, parts)


def report(heard: Sequence[Song], thresholds: Sequence[float]) -> str:
    """Table of all systems on the songs; thresholds: of the peaks, for each of TOLERANCES_S."""

    def peaks_above(threshold: float) -> Callable[[Song], Labelled]:
        return lambda s: (picked(s.curve, threshold, _end(s)), [])

    systems: list[tuple[str, Callable[[Song], Labelled]]] = [
        *((f"peaks >= {t:.2f}", peaks_above(t)) for t in dict.fromkeys(thresholds)),
        ("on downbeats", lambda s: _labelled(s.parts, _end(s))),
        (
            "without network",
            lambda s: _labelled([] if s.grid is None else without_network(s.front, s.grid), _end(s)),
        ),
        ("every 8 bars", lambda s: (every_eight_bars(s.grid, _end(s)), [])),
        ("... true bars", lambda s: (every_eight_bars(s.track.grid, _end(s)), [])),
    ]
    head = "".join(f"  F {w:g} s  P     R     F.58 " for w in TOLERANCES_S)
    lines = [f"{'':16}{'trimmed':^{len(head)}}{'both ends too':^{len(head)}} labels", f"{'':16}{head}{head} F"]
    for title, system in systems:
        lines.append(f"{title:16}" + _row(heard, system))
    return "\n".join(lines)


def _spans(edges: Floats) -> Floats:
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _row(heard: Sequence[Song], system: Callable[[Song], Labelled]) -> str:
    found = [system(s) for s in heard]
    out = ""
    for trim in (True, False):
        for window in TOLERANCES_S:
            rates = [
                [_rates(s, edges, window, trim, beta) for beta in BETAS]
                for s, (edges, _) in zip(heard, found, strict=True)
            ]
            (p, r, f), (_, _, f58) = np.mean(rates, axis=0)
            out += f"  {f:.3f}  {p:.3f} {r:.3f} {f58:.3f}"
    if all(names for _, names in found):
        f = np.mean([same_names(truth(s.track, _end(s)), one) for s, one in zip(heard, found, strict=True)])
        out += f"  {f:.3f}"
    return out


def _rates(song: Song, found: Floats, window: float, trim: bool, beta: float = 1.0) -> Floats:
    return hit_rate(truth(song.track, _end(song))[0], found, window, trim, beta)


def _labelled(parts: Sequence[Section], duration: float) -> Labelled:
    if not parts:
        return closed(np.empty(0), duration), ["A"]
    return np.array([parts[0].start, *(part.end for part in parts)]), [part.label for part in parts]


def _end(song: Song) -> float:
    return song.front.duration


def main(model: str, beat_model: str, corpus: str) -> str:
    """What the command prints: the test songs of the corpus, thresholds from its validation songs where it has them."""
    network, rhythmic = inference.load(Path(model)), inference.load(Path(beat_model))
    tracks = [t for t in songs.tracks([corpus], default_paths(), print) if len(t.sections)]
    test, validation = songs.part(tracks, "test"), songs.part(tracks, "validation")
    known = [hear(track, network, rhythmic) for track in validation]
    judged = test or tracks
    marked = [(truth(s.track, _end(s))[0], s.curve) for s in known]
    thresholds = [tuned(marked, window) if marked else 0.1 for window in TOLERANCES_S]
    table = report([hear(track, network, rhythmic) for track in judged], thresholds)
    return f"{network.card.name} on {len(judged)} songs of {corpus}\n{table}"


if __name__ == "__main__":
    print(main(*sys.argv[1:4]))
