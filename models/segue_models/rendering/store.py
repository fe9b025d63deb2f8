"""The cache of rendered songs: a FLAC with the audio and an NPZ with the ground truth of each, whole or not there."""

import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import soundfile as sf

from segue_models import files
from segue_models.cuts.cut_rule import cuts
from segue_models.rendering.mix import Samples
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.track import Track


def save(folder: Path, track: Track, audio: Samples, version: int) -> None:
    """Writes a song (mono, 44.1 kHz, 16 bit) and its truth; the NPZ comes last, so that it vouches for both."""
    folder.mkdir(parents=True, exist_ok=True)
    with files.replacing(folder / f"{track.name}.flac") as file:
        sf.write(file, audio, RATE_HZ, format="FLAC", subtype="PCM_16")
    grid = track.grid
    found = cuts(track.onsets, track.lead, grid, track.sections)
    facts = {
        "version": version, "name": track.name, "corpus": track.corpus, "artist": track.artist,
        "licence": track.licence, "section_labels": track.section_labels, "trainable": track.trainable,
        "voices": track.voices, "beats_per_bar": grid.beats_per_bar if grid else 0,
    }  # fmt: skip
    with files.replacing(folder / f"{track.name}.npz") as file:
        np.savez_compressed(
            file,
            facts=json.dumps(facts),
            lead=track.lead,
            onsets=track.onsets,
            unphrased_spans=track.unphrased_spans,
            sections=track.sections,
            beats=grid.times if grid else np.empty(0),
            positions=grid.positions if grid else np.empty(0, dtype=np.int64),
            cut_times=np.array([c[0] for c in found]),
            cut_entry=np.array([c[1] for c in found], dtype=bool),
            cut_exit=np.array([c[2] for c in found], dtype=bool),
        )


def load(folder: Path, name: str, version: int | None = None) -> Track | None:
    """The song `name` as a Track, or None if it is missing, damaged or of another version (None: any)."""
    audio = folder / f"{name}.flac"
    try:
        with np.load(folder / f"{name}.npz") as z:
            data = {key: z[key] for key in z.files}
        facts = json.loads(str(data["facts"]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    if version not in (None, facts["version"]) or not audio.exists() or "unphrased_spans" not in data:
        return None
    grid = BeatGrid(data["beats"], data["positions"], facts["beats_per_bar"]) if len(data["beats"]) else None
    return Track(
        name=facts["name"], corpus=facts["corpus"], artist=facts["artist"], licence=facts["licence"], audio=audio,
        lead=data["lead"], grid=grid, sections=data["sections"], section_labels=tuple(facts["section_labels"]),
        trainable=facts["trainable"], voices=tuple(facts["voices"]), onsets=data["onsets"],
        unphrased_spans=data["unphrased_spans"],
    )  # fmt: skip
