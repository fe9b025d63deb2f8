"""Beat trackers side by side on the same songs: `python -m segue_models.evaluation.beats SYSTEM... CORPUS`.

Judged by mir_eval with its defaults, the first 5 s left out; the songs that a corpus sets aside for tests, or all.
"""

import argparse
import hashlib
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue_models import song
from segue_models.beats import bar_dbn, beat_dbn, beat_detector, beat_sync_downbeats, beat_tracker, tracking
from segue_models.evaluation import trackers
from segue_models.paths import default_paths
from segue_models.serving import inference
from segue_models.signal import audio
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track
from segue_models.training import songs

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
# What a system is given of a song; `chance` alone may ask the track. Its grid has place 0 for beats without bars.
System = Callable[["Heard", Track], BeatGrid]

SCORES = ("beat F", "Cemgil", "CMLc", "CMLt", "AMLc", "AMLt", "inf.gain", "down F")


class Heard:
    """A song as the systems hear it; what several of them share is made once."""

    def __init__(self, sound: audio.Audio, network: inference.Network | None) -> None:
        self.seconds = sound.samples.shape[1] / RATE_HZ
        self.mono: F32 = np.asarray(sound.samples.mean(axis=0), dtype=np.float32)
        self._sound, self._network = sound, network

    @cached_property
    def alone(self) -> song.Song:
        """What is heard of its music without a network."""
        return song.hear(self._sound)

    @cached_property
    def music(self) -> song.Song:
        """What is heard of its music by the network of the command. Raises ValueError without one."""
        return replace(self.alone, beat_network=self.network)

    @property
    def network(self) -> inference.Network:
        """The network of the command. Raises ValueError without one."""
        if self._network is None:
            raise ValueError("this system needs a network: name its file with --network")
        return self._network

    @property
    def activations(self) -> F32:
        """What the network of beats says. Raises ValueError without one."""
        heard = self.music.beat_activations
        assert heard is not None  # it has a network
        return heard


def product(heard: Heard, track: Track) -> BeatGrid:
    """What `segue mark` follows: the network and the onsets together. Raises tracking.NoBeats."""
    return _tracked(heard.music)


def joint(heard: Heard, track: Track) -> BeatGrid:
    """The network alone with the bar decoder of Böck, Krebs and Widmer 2016. Raises tracking.NoBeats."""
    bars = bar_dbn.decode(heard.activations[:, 1:])
    if len(bars.times) < 2:
        raise tracking.NoBeats("no beats were found")
    return BeatGrid(bars.times, bars.positions, bars.beats_per_bar).later(heard.music.start)


def onsets(heard: Heard, track: Track) -> BeatGrid:
    """The product without its network. Raises tracking.NoBeats."""
    return _tracked(heard.alone)


def synchronous(heard: Heard, track: Track) -> BeatGrid:
    """The beats of `onsets` with the bars of Krebs et al. 2016 (network: bars.toml). Raises tracking.NoBeats."""
    times = _tracked(heard.alone).times - heard.alone.start
    bars = beat_sync_downbeats.bars_on(heard.alone.samples, times, heard.network)
    return BeatGrid(times, *bars).later(heard.alone.start)


def _tracked(heard: song.Song) -> BeatGrid:
    """Its beats in seconds of the recording. Raises tracking.NoBeats."""
    if heard.beats is None:
        raise tracking.NoBeats("no beats were found")
    return heard.beats.grid.later(heard.start)


def alone(decode: Callable[[F32], Floats], heard: Heard, track: Track) -> BeatGrid:
    """A decoder over what the network of Böck and Schedl 2011 hears (beats_2011.toml). Raises tracking.NoBeats."""
    return _barless(decode(heard.activations[:, 0])).later(heard.music.start)


def librosa(heard: Heard, track: Track) -> BeatGrid:
    """librosa's tracker."""
    return _barless(trackers.librosa(heard.mono))


def essentia(heard: Heard, track: Track) -> BeatGrid:
    """Essentia's. Raises ValueError where it is not installed."""
    try:
        return _barless(trackers.essentia(heard.mono))
    except ImportError as error:
        raise ValueError("Essentia is not here: pip install essentia") from error


def chance(heard: Heard, track: Track, draw: int = 0) -> BeatGrid:
    """Beats at the song's true median tempo and metre, at a random phase that its name and `draw` decide."""
    if track.grid is None:
        raise ValueError(f"{track.name} has no annotated beats")
    rng = np.random.default_rng(int(hashlib.sha256(f"{track.name} {draw}".encode()).hexdigest()[:15], 16))
    period, bar = 60 / track.grid.tempo_bpm, track.grid.beats_per_bar
    times = np.arange(rng.uniform(0, period), heard.seconds, period)
    return BeatGrid(times, (np.arange(len(times)) + int(rng.integers(bar))) % bar + 1, bar)


SYSTEMS: dict[str, tuple[System, ...]] = {  # of several, the mean counts
    "product": (product,),
    "joint": (joint,),
    "onsets": (onsets,),
    "synchron": (synchronous,),
    "detector": (partial(alone, beat_detector.decode),),
    "tracker": (partial(alone, beat_tracker.decode),),
    "dbn": (partial(alone, beat_dbn.decode),),
    "librosa": (librosa,),
    "essentia": (essentia,),
    "chance": tuple(partial(chance, draw=k) for k in range(10)),
}


def _barless(times: Floats) -> BeatGrid:
    """Beats without bars. Raises tracking.NoBeats for fewer than two."""
    if len(times) < 2:
        raise tracking.NoBeats("no beats were found")
    return BeatGrid(times, np.zeros(len(times), dtype=np.int64))


def scores(truth: BeatGrid, found: BeatGrid | None, trim: bool = True) -> dict[str, float]:
    """Each of SCORES, 0 to 1 (information gain of 41 bins, relative to the most there can be); None found nothing.

    Downbeats are nan where either side has none. trim leaves out the first 5 s, as mir_eval does by default.
    """
    import mir_eval.beat

    def part(grid: BeatGrid | None, places: bool) -> Floats:
        if grid is None:
            return np.empty(0)
        times = grid.times[grid.positions == 1] if places else grid.times
        return np.asarray(mir_eval.beat.trim_beats(times) if trim else times)

    both = part(truth, False), part(found, False)
    barless = any(grid is not None and not grid.positions.any() for grid in (truth, found))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*beats are empty")  # counted in a column of their own
        f, (cemgil, _) = mir_eval.beat.f_measure(*both), mir_eval.beat.cemgil(*both)
        continuity, gain = mir_eval.beat.continuity(*both), mir_eval.beat.information_gain(*both)
        down = np.nan if barless else mir_eval.beat.f_measure(part(truth, True), part(found, True))
    values = (f, cemgil, *continuity, gain, down)
    return dict(zip(SCORES, map(float, values), strict=True))


def judge(systems: Sequence[System], tracks: Sequence[Track], model: str | None = None) -> tuple[dict[str, float], int]:
    """Mean scores over the songs with annotated beats, and how often no beats were found.

    model: the network's file; where it has {song} in its name, a network for each song. Raises ModelError.
    """
    rows, silent = [], 0
    for track in tracks:
        if track.grid is None:
            continue
        network = None if model is None else _network(model.replace("{song}", track.name))
        heard = Heard(audio.read([track.audio]), network)
        for system in systems:
            try:
                found = system(heard, track)
            except tracking.NoBeats:
                found, silent = None, silent + 1
            rows.append(scores(track.grid, found))
    if not rows:
        raise ValueError("none of these songs has annotated beats")
    return {name: _mean([row[name] for row in rows]) for name in SCORES}, silent


def _mean(values: list[float]) -> float:
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


@lru_cache(maxsize=1)
def _network(path: str) -> inference.Network:
    return inference.load(Path(path))


def report(systems: Sequence[str], corpus: str, model: str | None, log: Callable[[str], None]) -> str:
    """Table of one row for each system. Raises ValueError for an unknown system, corpus or model, or absent data."""
    tracks = songs.tracks([corpus], default_paths(), log)
    tracks = songs.part(tracks, "test") or tracks
    lines = [f"{len(tracks)} songs of {corpus}", f"{'':10}" + "".join(f"{name:>9}" for name in SCORES) + "  no beats"]
    for name in systems:
        means, silent = judge(SYSTEMS[name], tracks, model)
        cells = ("-" if np.isnan(value) else f"{value:.3f}" for value in means.values())
        lines.append(f"{name:10}" + "".join(f"{cell:>9}" for cell in cells) + f"{silent:10d}")
        log(lines[-1])
    return "\n".join(lines)


def main() -> int:
    """Prints the table; exit code 2 with one sentence where it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m segue_models.evaluation.beats", description=__doc__)
    parser.add_argument("systems", nargs="+", choices=SYSTEMS, metavar="SYSTEM", help=", ".join(SYSTEMS))
    parser.add_argument("corpus", metavar="CORPUS", help="a file of segue_models/corpora")
    parser.add_argument(
        "--network", metavar="BEATS.onnx", help="what the systems that need one hear with; {song} is replaced"
    )
    options = parser.parse_args()
    try:
        print(report(options.systems, options.corpus, options.network, lambda line: print(line, file=sys.stderr)))
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
