"""Everything is Free, remixed: the stems with other levels, equalisers, rooms and speed."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import soxr

from segue_models.corpora import evr
from segue_models.cuts import cut_rule
from segue_models.rendering import mix
from segue_models.rendering.activity import activity
from segue_models.rendering.batch import rendered
from segue_models.rendering.mix import Samples
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track

VERSION = 2
REMIXES = 4  # of each song but Sodium


def seed(name: str) -> int:
    """The seed of a named render."""
    return int(hashlib.sha256(f"segue {name}".encode()).hexdigest()[:15], 16)


def faster(audio: Samples, factor: float) -> Samples:
    """The audio played `factor` times as fast, and as much higher."""
    return np.asarray(soxr.resample(audio, RATE_HZ * factor, RATE_HZ), dtype=np.float32)


def make(root: Path, name: str) -> tuple[Track, Samples]:
    """One remix, the same for the same name."""
    song = name.rsplit("-", 1)[0]
    rng = np.random.default_rng(seed(name))
    parts = evr.stems(root, song)
    lead, beats, factor = activity(parts["vocals"]), evr.grid(root, song), float(rng.uniform(0.97, 1.03))
    if rng.random() < 0.25 and len(parts) > 2:  # a thinner mix: one stem of the backing away
        parts.pop(str(rng.choice(sorted(p for p in parts if p != "vocals"))))
    out = np.zeros_like(parts["vocals"])
    for part, stem in sorted(parts.items()):
        gain = float(rng.uniform(-2, 5) if part == "vocals" else rng.uniform(-5, 3))
        stem = mix.equalised(stem, rng) * np.float32(10 ** (gain / 20))
        if part != "drums" and rng.random() < 0.5:
            stem = mix.room(stem, rng, float(rng.uniform(0.3, 1.8)), float(rng.uniform(-24, -12)))
        out += stem
    track = Track(
        name=name,
        corpus="evr_remix",
        artist=evr.ARTIST,
        licence=evr.LICENCE,
        audio=Path(),
        lead=lead / factor,
        grid=BeatGrid(beats.times / factor, beats.positions, beats.beats_per_bar),
        trainable=True,
        voices=(song,),
        unphrased_spans=cut_rule.unphrased_spans(lead, beats) / factor,
    )
    return track, mix.master(faster(out, factor), rng)


def tracks(root: Path, cache: Path, jobs: int = 1) -> list[Track]:
    """Four remixes of each song with phrases, rendered into `cache` where missing."""
    names = [f"{song}-remix{k}" for k in range(REMIXES) for song in evr.SUNG]
    return rendered(partial(make, root), names, cache / "evr_remix", VERSION, jobs, "EVR remixes")
